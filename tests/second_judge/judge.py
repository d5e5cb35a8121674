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
from state import Timeline
from verdict import Report


def judge(har, features, version, client_id):
    exchanges = load(har)
    report = Report(features)
    judge_calls(exchanges, report, version, client_id)
    judge_ids(exchanges, report)
    judge_shapes(exchanges, report)
    judge_retries(exchanges, report)
    judge_polling(exchanges, report)
    timeline = Timeline(exchanges)
    judge_payments(timeline, report)
    judge_conflicts(timeline, report)
    judge_refunds(timeline, report)
    judge_onboarding(timeline, report)
    judge_loyalty(timeline, report)
    judge_restrictions(timeline, report)
    judge_cases(timeline, report)
    return report, exchanges
