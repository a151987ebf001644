"""The forecast: who stops working once a policy is enforced, whose fault that is, and how sure.

    forecast(handshakes, load_policy("entra"))

gives the verdicts, one per client, service and TLS stack, and what follows from them: per client,
per service, per capture, and in one sentence. Only tables are read, no capture.
"""

from tlsaudit.forecast.outlook import Forecast, forecast
from tlsaudit.forecast.table import service_texts

__all__ = ["Forecast", "forecast", "service_texts"]
