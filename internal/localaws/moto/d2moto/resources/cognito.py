"""Cognito: user pools, their clients, groups and domains."""

from __future__ import annotations

from typing import Any

from . import fit
from .registry import Context, Handler, Made, Refused, resource


@resource("AWS::Cognito::UserPool")
class UserPool(Handler):
    """A directory of users."""

    applies = (
        "UserPoolName Policies MfaConfiguration EnabledMfas AccountRecoverySetting AdminCreateUserConfig "
        "AliasAttributes AutoVerifiedAttributes UsernameAttributes UsernameConfiguration Schema EmailConfiguration "
        "EmailVerificationMessage EmailVerificationSubject SmsConfiguration SmsVerificationMessage "
        "SmsAuthenticationMessage VerificationMessageTemplate UserAttributeUpdateSettings DeviceConfiguration "
        "LambdaConfig DeletionProtection UserPoolAddOns UserPoolTier UserPoolTags"
    )
    # Set at creation for good.
    fixed = "AliasAttributes UsernameAttributes UsernameConfiguration"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        cognito = ctx.client("cognito-idp")
        named = {**fit.without(p, "UserPoolName EnabledMfas"), "PoolName": ctx.name(p.get("UserPoolName"))}
        given = fit.parameters(cognito, "CreateUserPool", named)
        pool = cognito.create_user_pool(**given)["UserPool"]
        identity = ctx.begun(pool["Id"])
        self._mfa(ctx, identity, p)
        return Made(identity, {
            "Arn": pool["Arn"],
            "UserPoolId": identity,
            "ProviderName": f"cognito-idp.{ctx.region}.amazonaws.com/{identity}",
            "ProviderURL": f"https://cognito-idp.{ctx.region}.amazonaws.com/{identity}",
        })

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        cognito, identity = ctx.client("cognito-idp"), made.physical_id
        self._schema(ctx, identity, p, old)
        if fit.pick(p, self.fixed) != fit.pick(old, self.fixed):
            raise Refused(f"Updates are not allowed for {', '.join(self.fixed.split())} of a user pool")
        # The pool as a whole is sent: the API, and moto with it, forgets what an update leaves out.
        given = fit.without(p, f"UserPoolName EnabledMfas Schema {self.fixed}")
        cognito.update_user_pool(UserPoolId=identity, **fit.parameters(cognito, "UpdateUserPool", given))
        self._mfa(ctx, identity, p)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        if p.get("DeletionProtection") == "ACTIVE":
            raise Refused("The user pool cannot be deleted because deletion protection is activated")
        ctx.client("cognito-idp").delete_user_pool(UserPoolId=made.physical_id)

    def _schema(self, ctx: Context, identity: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        cognito, present = ctx.client("cognito-idp"), old.get("Schema", [])
        wanted = p.get("Schema", [])
        if any(attribute not in wanted for attribute in present):
            raise Refused("Schema: existing attributes of a user pool can be neither changed nor removed")
        if added := [attribute for attribute in wanted if attribute not in present]:
            cognito.add_custom_attributes(
                UserPoolId=identity,
                CustomAttributes=fit.member(cognito, "AddCustomAttributes", "CustomAttributes", added),
            )

    def _mfa(self, ctx: Context, identity: str, p: dict[str, Any]) -> None:
        kinds = p.get("EnabledMfas", [])
        ctx.client("cognito-idp").set_user_pool_mfa_config(
            UserPoolId=identity, MfaConfiguration=p.get("MfaConfiguration", "OFF"),
            **({"SoftwareTokenMfaConfiguration": {"Enabled": True}} if "SOFTWARE_TOKEN_MFA" in kinds else {}),
            **({"SmsMfaConfiguration": {"SmsConfiguration": p["SmsConfiguration"]}}
               if "SMS_MFA" in kinds and "SmsConfiguration" in p else {}),
        )


@resource("AWS::Cognito::UserPoolClient")
class UserPoolClient(Handler):
    """An application of a user pool."""

    applies = (
        "ClientName UserPoolId GenerateSecret ExplicitAuthFlows AccessTokenValidity IdTokenValidity "
        "RefreshTokenValidity TokenValidityUnits PreventUserExistenceErrors EnableTokenRevocation ReadAttributes "
        "WriteAttributes SupportedIdentityProviders CallbackURLs LogoutURLs DefaultRedirectURI AllowedOAuthFlows "
        "AllowedOAuthScopes AllowedOAuthFlowsUserPoolClient AuthSessionValidity EnablePropagateAdditionalUserContextData "
        "AnalyticsConfiguration RefreshTokenRotation"
    )

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        cognito = ctx.client("cognito-idp")
        client = cognito.create_user_pool_client(**fit.parameters(
            cognito, "CreateUserPoolClient", {**p, "ClientName": ctx.name(p.get("ClientName"))}
        ))["UserPoolClient"]
        return Made(client["ClientId"], {
            "ClientId": client["ClientId"],
            "Name": client["ClientName"],
            "ClientSecret": client.get("ClientSecret", ""),
        })

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        cognito = ctx.client("cognito-idp")
        given = {**fit.without(p, "GenerateSecret"), "ClientName": p.get("ClientName", made.attributes["Name"])}
        cognito.update_user_pool_client(
            ClientId=made.physical_id, **fit.parameters(cognito, "UpdateUserPoolClient", given)
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("cognito-idp").delete_user_pool_client(UserPoolId=p["UserPoolId"], ClientId=made.physical_id)


@resource("AWS::Cognito::UserPoolGroup")
class UserPoolGroup(Handler):
    """A group of users."""

    applies = "GroupName UserPoolId Description Precedence RoleArn"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        name = ctx.name(p.get("GroupName"))
        ctx.client("cognito-idp").create_group(**{**p, "GroupName": name})
        return Made(name)

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ctx.client("cognito-idp").update_group(**{**p, "GroupName": made.physical_id})
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("cognito-idp").delete_group(UserPoolId=p["UserPoolId"], GroupName=made.physical_id)


@resource("AWS::Cognito::UserPoolDomain")
class UserPoolDomain(Handler):
    """Where users sign in."""

    applies = "Domain UserPoolId CustomDomainConfig"
    records = {"ManagedLoginVersion": "moto shows no sign-in page"}

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        answer = ctx.client("cognito-idp").create_user_pool_domain(**fit.without(p, "ManagedLoginVersion"))
        return Made(p["Domain"], {"CloudFrontDistribution": answer.get("CloudFrontDomain", "")})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        if p.get("CustomDomainConfig") != old.get("CustomDomainConfig"):
            ctx.client("cognito-idp").update_user_pool_domain(**fit.without(p, "ManagedLoginVersion"))
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("cognito-idp").delete_user_pool_domain(Domain=made.physical_id, UserPoolId=p["UserPoolId"])
