"""All scenarios: importing this registers them. They are kept by theme, see each file's first lines."""
import scenarios_base  # noqa: F401
import scenarios_headers  # noqa: F401
import scenarios_retries  # noqa: F401
import scenarios_polling  # noqa: F401
import scenarios_bodies  # noqa: F401
import scenarios_onboarding  # noqa: F401
import scenarios_payment  # noqa: F401
import scenarios_habits  # noqa: F401
import scenarios_cases  # noqa: F401
import scenarios_six  # noqa: F401
import scenarios_features  # noqa: F401
import scenarios_refund  # noqa: F401
import scenarios_wild  # noqa: F401
import scenarios_hard  # noqa: F401
import scenarios_hardcases  # noqa: F401
import scenarios_failedcases  # noqa: F401
import scenarios_lookups  # noqa: F401
