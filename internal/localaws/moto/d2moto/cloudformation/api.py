"""The CloudFormation API: one method an action."""

from __future__ import annotations

import logging
import threading
import urllib.parse
import uuid
from typing import Any, Callable

from ..aws import client
from . import deployment
from .deployment import Deployment
from .parameters import Parameters, check_rules, settle
from .preview import Preview
from .stacks import ChangeSet, Event, Resource, Stack, Store, now
from .template import Template
from .wire import ApiError, ValidationError

log = logging.getLogger("d2moto")

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
# How long an operation is waited for before its request is answered: most end
# well within, which spares the caller a round of polling.
PATIENCE_SECONDS = 8.0
# States in which a stack takes an update.
UPDATABLE = {
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE",
    "CREATE_FAILED", "UPDATE_FAILED",
}


class Api:
    """Answers the actions of CloudFormation in every region."""

    def __init__(self, store: Store):
        self.store = store

    def call(self, action: str, region: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """Answer one action."""
        method = ACTIONS.get(action)
        if method is None:
            raise ApiError("InvalidAction", f"The local AWS does not have the CloudFormation action {action}")
        return method(self, region, request)

    # Stacks

    def create_stack(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        name = request["StackName"]
        if self.store.find(region, name):
            raise ApiError("AlreadyExistsException", f"Stack [{name}] already exists")
        template = self._template(region, request, None)
        parameters = settle(template, request.get("Parameters", []), Parameters(), region)
        stack = self.store.add(name, region)
        stack.termination_protection = _flag(request, "EnableTerminationProtection")
        self._note(stack, request)
        self._deploy(stack, template, parameters, _tags(request, {}), request, request)
        return {"StackId": stack.id}

    def update_stack(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        stack = self.store.get(region, request["StackName"])
        _must_be_updatable(stack)
        template = self._template(region, request, stack)
        parameters = settle(template, request.get("Parameters", []), stack.parameters, region)
        tags = _tags(request, stack.tags)
        if not Preview(self.store, stack, template, parameters, tags).changes and not _outputs_differ(stack, template):
            raise ValidationError("No updates are to be performed.")
        self._note(stack, request)
        self._deploy(stack, template, parameters, tags, request, request)
        return {"StackId": stack.id}

    def delete_stack(self, region: str, request: dict[str, Any]) -> None:
        stack = self.store.find(region, request["StackName"])
        if stack is None or not stack.live:
            return None
        if stack.termination_protection:
            raise ValidationError(
                f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        if stack.busy:
            raise ValidationError(f"Stack [{stack.name}] is in {stack.status} state and cannot be deleted")
        retained, token = set(request.get("RetainResources", [])), request.get("ClientRequestToken", "")
        self._run(stack, "DELETE_IN_PROGRESS", lambda: deployment.delete(self.store, stack, retained, token))
        return None

    def rollback_stack(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        stack = self.store.get(region, request["StackName"])
        paused = stack.paused
        if paused is None:
            raise ValidationError(f"Stack [{stack.name}] is in {stack.status} state and cannot be rolled back")
        token = request.get("ClientRequestToken", "")
        self._run(stack, "ROLLBACK_IN_PROGRESS", lambda: paused.roll_back("User Initiated", token))
        return {"StackId": stack.id}

    def update_termination_protection(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        stack = self.store.get(region, request["StackName"])
        stack.termination_protection = _flag(request, "EnableTerminationProtection")
        return {"StackId": stack.id}

    def describe_stacks(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("StackName"):
            stacks = [self.store.get(region, request["StackName"])]
        else:
            stacks = [s for s in self.store.of(region) if s.live]
        return {"Stacks": [_described(stack) for stack in stacks]}

    def list_stacks(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        wanted = request.get("StackStatusFilter")
        return {
            "StackSummaries": [
                {
                    "StackId": s.id, "StackName": s.name, "StackStatus": s.status, "CreationTime": s.created,
                    "LastUpdatedTime": s.updated, "DeletionTime": s.deleted,
                    "StackStatusReason": s.reason or None,
                    "TemplateDescription": s.template.description if s.template else None,
                    "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
                }
                for s in self.store.of(region) if not wanted or s.status in wanted
            ]
        }

    def describe_stack_events(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        stack = self.store.get(region, request["StackName"])
        return {"StackEvents": [_event(stack, event) for event in reversed(list(stack.events))]}

    def describe_stack_resources(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("StackName"):
            stacks = [self.store.get(region, request["StackName"])]
        else:
            stacks = [s for s in self.store.of(region) if s.live]
        logical, physical = request.get("LogicalResourceId"), request.get("PhysicalResourceId")
        return {
            "StackResources": [
                {"StackName": s.name, "StackId": s.id, "Timestamp": r.changed, **_resource(r)}
                for s in stacks for r in list(s.resources.values())
                if logical in (None, r.logical_id) and physical in (None, r.physical_id)
            ]
        }

    def describe_stack_resource(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        stack, logical_id = self.store.get(region, request["StackName"]), request["LogicalResourceId"]
        resource = stack.resources.get(logical_id)
        if resource is None:
            raise ValidationError(f"Resource {logical_id} does not exist for stack {stack.name}")
        return {
            "StackResourceDetail": {
                "StackName": stack.name, "StackId": stack.id, "LastUpdatedTimestamp": resource.changed,
                **_resource(resource),
            }
        }

    def list_stack_resources(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        stack = self.store.get(region, request["StackName"])
        return {
            "StackResourceSummaries": [
                {"LastUpdatedTimestamp": r.changed, **_resource(r)} for r in list(stack.resources.values())
            ]
        }

    # Templates

    def get_template(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("ChangeSetName"):
            _, change_set = self.store.get_change_set(region, request.get("StackName"), request["ChangeSetName"])
            template: Template | None = change_set.template
        else:
            template = self.store.get(region, request["StackName"]).template
        # A stack that is still in review has an empty template.
        return {"TemplateBody": template.body if template else "{}", "StagesAvailable": ["Original", "Processed"]}

    def get_template_summary(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("StackName"):
            stack = self.store.get(region, request["StackName"])
            if stack.template is None:
                raise ValidationError(f"Stack [{stack.name}] has no template yet")
            template = stack.template
        else:
            template = self._template(region, request, None)
        return {
            **_parameter_declarations(template),
            "ResourceTypes": sorted({r["Type"] for r in template.resources.values()}),
            "Capabilities": ["CAPABILITY_NAMED_IAM"] if _makes_roles(template) else [],
        }

    def validate_template(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        template = self._template(region, request, None)
        return {
            **_parameter_declarations(template),
            "Capabilities": ["CAPABILITY_NAMED_IAM"] if _makes_roles(template) else [],
        }

    # Exports

    def list_exports(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        exports = self.store.exports(region)
        return {"Exports": [{"ExportingStackId": s.id, "Name": n, "Value": v} for n, (s, v) in exports.items()]}

    def list_imports(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        importers = self.store.importers(region, request["ExportName"])
        if not importers:
            raise ValidationError(f"Export '{request['ExportName']}' is not imported by any stack.")
        return {"Imports": importers}

    # Change sets

    def create_change_set(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        kind, name = request.get("ChangeSetType", "UPDATE"), request["ChangeSetName"]
        if kind not in ("CREATE", "UPDATE"):
            raise ValidationError(f"The local AWS has no change sets of type {kind}")
        stack = self.store.find(region, request["StackName"])
        if kind == "CREATE":
            if stack is not None and stack.status != "REVIEW_IN_PROGRESS":
                raise ValidationError(f"Stack [{stack.name}] already exists and cannot be created again")
        elif stack is None:
            raise ValidationError(f"Stack [{request['StackName']}] does not exist")
        else:
            _must_be_updatable(stack)
        if stack is not None and stack.change_set(name):
            raise ApiError("AlreadyExistsException", f"ChangeSet {name} already exists")
        template = self._template(region, request, stack)
        previous = stack.parameters if stack else Parameters()
        parameters = settle(template, request.get("Parameters", []), previous, region)
        fresh = stack is None
        if stack is None:
            stack = self.store.add(request["StackName"], region)
        try:
            change_set = self._change_set(stack, name, kind, request, template, parameters)
        except Exception:
            if fresh:
                self.store.discard(stack)
            raise
        if fresh:
            stack.set_status("REVIEW_IN_PROGRESS", "User Initiated", request.get("ClientToken", ""))
        stack.change_sets[change_set.id] = change_set
        return {"Id": change_set.id, "StackId": stack.id}

    def _change_set(
        self, stack: Stack, name: str, kind: str, request: dict[str, Any], template: Template, parameters: Parameters
    ) -> ChangeSet:
        tags = _tags(request, stack.tags)
        arn = f"arn:aws:cloudformation:{stack.region}:{stack.account}:changeSet/{name}/{uuid.uuid4()}"
        change_set = ChangeSet(arn, name, kind, request, template, parameters, tags)
        preview = Preview(self.store, stack, template, parameters, tags)
        check_rules(template, preview.desired.scope)
        change_set.changes = preview.changes
        if kind == "UPDATE" and not preview.changes and not _outputs_differ(stack, template):
            change_set.status, change_set.execution_status = "FAILED", "UNAVAILABLE"
            change_set.reason = NO_CHANGES
        return change_set

    def describe_change_set(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        stack, change_set = self.store.get_change_set(region, request.get("StackName"), request["ChangeSetName"])
        return {
            **_summary(stack, change_set),
            "NotificationARNs": change_set.request.get("NotificationARNs", []),
            "Capabilities": change_set.request.get("Capabilities", []),
            "Parameters": change_set.parameters.described(change_set.template),
            "Tags": [{"Key": k, "Value": v} for k, v in change_set.tags.items()],
            "Changes": change_set.changes,
        }

    def list_change_sets(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        stack = self.store.get(region, request["StackName"])
        return {"Summaries": [_summary(stack, c) for c in list(stack.change_sets.values())]}

    def delete_change_set(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        # AWS answers success for a change set, or even a stack, that is not there.
        try:
            stack, change_set = self.store.get_change_set(region, request.get("StackName"), request["ChangeSetName"])
        except ApiError:
            return {}
        stack.change_sets.pop(change_set.id)
        return {}

    def execute_change_set(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        stack, change_set = self.store.get_change_set(region, request.get("StackName"), request["ChangeSetName"])
        if change_set.execution_status != "AVAILABLE":
            raise ApiError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{change_set.id}] cannot be executed in its current status of "
                f"[{change_set.execution_status}]",
            )
        self._note(stack, change_set.request)
        stack.change_set_id = change_set.id
        # Executing one change set voids all others of the stack.
        stack.change_sets.clear()
        self._deploy(stack, change_set.template, change_set.parameters, change_set.tags, request, change_set.request)
        return {}

    # What the CDK asks for after a failure; there is never anything to tell beside the stack's events.

    def describe_events(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        return {"OperationEvents": []}

    def list_hook_results(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        return {"HookResults": []}

    # Helpers

    def _template(self, region: str, request: dict[str, Any], stack: Stack | None) -> Template:
        if request.get("UsePreviousTemplate") == "true" and stack and stack.template:
            return stack.template
        if request.get("TemplateBody"):
            return Template(request["TemplateBody"])
        if request.get("TemplateURL"):
            return Template(_fetch(request["TemplateURL"], region))
        raise ValidationError("Either Template URL or Template Body must be specified.")

    def _note(self, stack: Stack, request: dict[str, Any]) -> None:
        stack.role_arn = request.get("RoleARN", stack.role_arn)
        stack.notification_arns = request.get("NotificationARNs", stack.notification_arns)
        stack.capabilities = request.get("Capabilities", stack.capabilities)

    def _deploy(
        self,
        stack: Stack,
        template: Template,
        parameters: Parameters,
        tags: dict[str, str],
        execution: dict[str, Any],
        preparation: dict[str, Any],
    ) -> None:
        disable_rollback = _flag(execution, "DisableRollback") or "DO_NOTHING" in (
            execution.get("OnFailure"), preparation.get("OnStackFailure")
        )
        if stack.template is not None:
            stack.updated = now()
        stack.disable_rollback = disable_rollback
        token = execution.get("ClientRequestToken", "")
        planned = Deployment(self.store, stack, template, parameters, tags, token, disable_rollback)
        self._run(stack, f"{planned.verb}_IN_PROGRESS", planned.run)

    def _run(self, stack: Stack, status: str, operation: Callable[[], None]) -> None:
        # The state changes before the answer goes out, so that whoever polls sees an operation
        # at work even while it waits for another stack's.
        stack.status = status

        def work() -> None:
            with self.store.operating:
                try:
                    operation()
                except Exception as error:
                    log.exception("%s: the operation broke off", stack.name)
                    verb = "DELETE" if stack.status.startswith("DELETE") else "ROLLBACK"
                    stack.set_status(f"{verb}_FAILED", f"defect of the local AWS: {error!r}")

        thread = threading.Thread(target=work, name=f"cloudformation-{stack.name}", daemon=True)
        thread.start()
        thread.join(PATIENCE_SECONDS)


def _must_be_updatable(stack: Stack) -> None:
    if stack.status not in UPDATABLE:
        raise ValidationError(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


def _outputs_differ(stack: Stack, template: Template) -> bool:
    return stack.template is None or stack.template.outputs != template.outputs


def _flag(request: dict[str, Any], name: str) -> bool:
    return str(request.get(name, "false")).lower() == "true"


def _tags(request: dict[str, Any], previous: dict[str, str]) -> dict[str, str]:
    if "Tags" not in request:
        return previous
    return {tag["Key"]: tag["Value"] for tag in request["Tags"]}


def _fetch(url: str, region: str) -> str:
    """Read a template from S3: both forms of address, and any host that stands for it."""
    parts = urllib.parse.urlsplit(url)
    host, path = parts.hostname or "", urllib.parse.unquote(parts.path.lstrip("/"))
    if ".s3." in host or ".s3-" in host or (host.endswith(".localhost") and host != "localhost"):
        bucket, key = host.split(".s3")[0].removesuffix(".localhost"), path
    else:
        bucket, _, key = path.partition("/")
    try:
        return client("s3", region).get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    except Exception as error:
        raise ValidationError(f"S3 error: no template at {url}: {error}") from error


def _described(stack: Stack) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": stack.change_set_id or None,
        "Description": (stack.template.description if stack.template else "") or None,
        "Parameters": stack.parameters.described(stack.template),
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "DisableRollback": stack.disable_rollback,
        "RollbackConfiguration": {},
        "NotificationARNs": stack.notification_arns,
        "Capabilities": stack.capabilities,
        "Outputs": stack.outputs,
        "RoleARN": stack.role_arn or None,
        "Tags": [{"Key": k, "Value": v} for k, v in stack.tags.items()],
        "EnableTerminationProtection": stack.termination_protection,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }


def _event(stack: Stack, event: Event) -> dict[str, Any]:
    return {
        "EventId": event.id,
        "StackId": stack.id,
        "StackName": stack.name,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.type,
        "Timestamp": event.timestamp,
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason or None,
        "ClientRequestToken": event.token or None,
    }


def _resource(resource: Resource) -> dict[str, Any]:
    return {
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason or None,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


def _summary(stack: Stack, change_set: ChangeSet) -> dict[str, Any]:
    return {
        "ChangeSetName": change_set.name,
        "ChangeSetId": change_set.id,
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": change_set.request.get("Description"),
        "CreationTime": change_set.created,
        "ExecutionStatus": change_set.execution_status,
        "Status": change_set.status,
        "StatusReason": change_set.reason or None,
        "IncludeNestedStacks": False,
    }


def _parameter_declarations(template: Template) -> dict[str, Any]:
    return {
        "Description": template.description,
        "Parameters": [
            {
                "ParameterKey": name,
                "ParameterType": declaration["Type"],
                "DefaultValue": declaration.get("Default"),
                "NoEcho": str(declaration.get("NoEcho", "")).lower() == "true",
                "Description": declaration.get("Description"),
            }
            for name, declaration in template.parameters.items()
        ],
    }


def _makes_roles(template: Template) -> bool:
    return any(r["Type"].startswith("AWS::IAM::") for r in template.resources.values())


ACTIONS: dict[str, Callable[[Api, str, dict[str, Any]], dict[str, Any] | None]] = {
    "CreateStack": Api.create_stack,
    "UpdateStack": Api.update_stack,
    "DeleteStack": Api.delete_stack,
    "RollbackStack": Api.rollback_stack,
    "UpdateTerminationProtection": Api.update_termination_protection,
    "DescribeStacks": Api.describe_stacks,
    "ListStacks": Api.list_stacks,
    "DescribeStackEvents": Api.describe_stack_events,
    "DescribeStackResources": Api.describe_stack_resources,
    "DescribeStackResource": Api.describe_stack_resource,
    "ListStackResources": Api.list_stack_resources,
    "GetTemplate": Api.get_template,
    "GetTemplateSummary": Api.get_template_summary,
    "ValidateTemplate": Api.validate_template,
    "ListExports": Api.list_exports,
    "ListImports": Api.list_imports,
    "CreateChangeSet": Api.create_change_set,
    "DescribeChangeSet": Api.describe_change_set,
    "ListChangeSets": Api.list_change_sets,
    "DeleteChangeSet": Api.delete_change_set,
    "ExecuteChangeSet": Api.execute_change_set,
    "DescribeEvents": Api.describe_events,
    "ListHookResults": Api.list_hook_results,
}
