"""Budgets, which live in us-east-1 whatever the stack's region."""

from __future__ import annotations

from typing import Any

from . import fit
from .registry import Context, Handler, Made, resource


@resource("AWS::Budgets::Budget")
class Budget(Handler):
    """A budget and whom it warns; moto shows when it warns, but not whom."""

    applies = "Budget NotificationsWithSubscribers"
    records = {"ResourceTags": "moto keeps no tags of a budget"}

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        budgets, name = ctx.client("budgets", "us-east-1"), ctx.name(p["Budget"].get("BudgetName"), longest=100)
        given = {**fit.without(p, "ResourceTags"), "Budget": {**p["Budget"], "BudgetName": name}}
        budgets.create_budget(AccountId=ctx.account, **fit.parameters(budgets, "CreateBudget", given))
        return Made(name, {"Id": name})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        # moto cannot change a budget, so it is made anew under its name.
        self.delete(ctx, made, old)
        return self.create(ctx, {**p, "Budget": {**p["Budget"], "BudgetName": made.physical_id}})

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("budgets", "us-east-1").delete_budget(AccountId=ctx.account, BudgetName=made.physical_id)
