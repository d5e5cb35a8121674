"""The second judge: evaluates the exchanges of a HAR, following the certification page."""
from cases import judge_cases
from exchange import load
from rules_calls import judge_calls, judge_ids
from rules_conflict import judge_conflicts
from rules_features import judge_loyalty, judge_onboarding, judge_restrictions
from rules_payment import judge_payments
from rules_polling import judge_polling
from rules_refund import judge_refunds
from rules_retries import judge_retries
from shape import judge_shapes
from state import World
from verdict import Report


def judge(har, features, version, client_id):
    exchanges = load(har)
    report = Report(features)
    judge_calls(exchanges, report, version, client_id)
    judge_ids(exchanges, report)
    judge_shapes(exchanges, report)
    judge_retries(exchanges, report)
    judge_polling(exchanges, report)
    world = World(exchanges)
    judge_payments(world, report)
    judge_conflicts(world, report)
    judge_refunds(world, report)
    judge_onboarding(world, report)
    judge_loyalty(world, report)
    judge_restrictions(world, report)
    judge_cases(world, report)
    return report, exchanges
