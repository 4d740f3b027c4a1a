"""An AWS that simulates what moto can't: a sandbox, numbers to send from, refusals of one call.

All it answers holds canaries: addresses that no command may show.
"""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any

from tests.support.examples import an_alert, runner_config
from tests.support.servers import Answer, Request, Server, http, refused

TOPIC = "arn:aws:sns:us-east-1:123456789012:water_critical"
PEOPLE = {
    "email/Ana": "canary-ana@example.com",
    "email/Bo": "canary-bo@example.com",
    "email/Cy": "canary-cy@example.com",
    "email/Di": "canary-di@example.com",
    "sms/Ana": "+15555550101",
    "sms/Bo": "+15555550102",
}
# (protocol, endpoint, ARN or PendingConfirmation)
LIVE = [
    ("email", PEOPLE["email/Ana"], f"{TOPIC}:ana"),
    ("email", PEOPLE["email/Bo"], f"{TOPIC}:bo"),
    ("email", PEOPLE["email/Cy"], "PendingConfirmation"),
    ("email", PEOPLE["email/Di"], "Deleted"),
    ("sms", PEOPLE["sms/Ana"], f"{TOPIC}:ana-sms"),
    ("sms", PEOPLE["sms/Bo"], f"{TOPIC}:bo-sms"),
    ("email", "canary-stranger@example.com", f"{TOPIC}:stranger"),
]
SENDER = ("US", "ACTIVE", "SMS")
NUMBER_ARN = "arn:aws:sms-voice:us-east-1:123456789012:phone-number/phone-1"
ALLOW = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sms-voice:SendTextMessage",
}
LETS_SNS_IN = json.dumps({"Statement": [ALLOW]})


def subscription(key: str, endpoint: str, topic: str = TOPIC) -> dict[str, Any]:
    """A subscription, as `terraform show -json` has it."""
    values = {"topic_arn": topic, "protocol": key.partition("/")[0], "endpoint": endpoint}
    kind = "aws_sns_topic_subscription"
    return {"type": kind, "name": "this", "index": key, "values": values}


def resource(kind: str, name: str, /, **values: Any) -> dict[str, Any]:
    """Any resource, as `terraform show -json` has it."""
    return {"type": kind, "name": name, "values": values}


# A check on a schedule.
SCHEDULED = (
    resource("aws_lambda_function", "check", function_name="backlog-alerts-check"),
    resource("aws_cloudwatch_metric_alarm", "not_run", evaluation_periods=2),
    resource(
        "aws_sqs_queue", "check_failed", name="check-failed", url="https://sqs/1/check-failed"
    ),
    resource(
        "aws_sqs_queue", "start_failed", name="start-failed", url="https://sqs/1/start-failed"
    ),
)


def state(
    people: dict[str, str] = PEOPLE,
    topic: str = TOPIC,
    others: Iterable[dict[str, Any]] = (),
    **config: Any,
) -> str:
    """What `terraform show -json` prints for a state, cut down to what is read.

    config: settings of runner_config; without any, there is no such output.
    """
    found = [subscription(key, endpoint, topic) for key, endpoint in people.items()]
    module = {"resources": [resource("aws_sns_topic", "this", arn=topic), *found, *others]}
    output = {"value": json.loads(runner_config(an_alert(), **config))}
    outputs = {"runner_config": output} if config else {}
    return json.dumps({"values": {"root_module": {"child_modules": [module]}, "outputs": outputs}})


class LiveAws(Server):
    """Answers by the name of the action. What is in `answers` goes before what it would say.

    sandbox: None out of it, else the verified numbers. senders: (country, status, capability) as
    SNS lists them. voice: fields of numbers in End User Messaging SMS, each with its `Policy`.
    spent, limit: US dollars. runs, errors: when, of the scheduled function. letters: dead ones, by
    queue. texts: records of delivery, by log group. objects: on S3, by key.
    """

    def __init__(
        self,
        live: list[tuple[str, str, str]] = LIVE,
        opted_out: tuple[str, ...] = (),
        authenticated: tuple[str, ...] = (),
        answers: dict[str, Answer] | None = None,
        *,
        sandbox: tuple[str, ...] | None = None,
        senders: Iterable[tuple[str, str, str]] = (SENDER,),
        voice: Iterable[dict[str, Any]] = (),
        spent: float | None = 0.12,
        limit: float | None = 20,
        runs: Iterable[datetime] = (),
        errors: Iterable[datetime] = (),
        letters: dict[str, int] | None = None,
        texts: dict[str, list[dict[str, Any]]] | None = None,
        objects: dict[str, bytes] | None = None,
    ) -> None:
        super().__init__(self._answer_action)
        self._live, self._opted_out, self._authenticated = live, opted_out, authenticated
        self.answers = answers or {}
        self._sandbox, self._senders, self._voice = sandbox, list(senders), list(voice)
        self._spent, self._limit = spent, limit
        self._points = {"Invocations": list(runs), "Errors": list(errors)}
        self._letters, self._texts, self._objects = letters or {}, texts or {}, objects or {}

    def actions(self, name: str) -> list[dict[str, str]]:
        """The forms that came with an action."""
        return [r.form for r in self.requests if action_of(r) == name]

    def _answer_action(self, request: Request) -> Answer:
        action = action_of(request)
        if action in self.answers:
            return self.answers[action]
        if action == "GetObject":
            key = request.path.partition("?")[0].split("/", 2)[2]
            body = self._objects.get(key)
            if body is None:
                return [http(b"<Error><Code>NoSuchKey</Code></Error>", "404 Not Found")]
            return [http(body, ETag='"1"')]
        method: Callable[..., Any] = getattr(self, f"_{action}")
        if "x-amz-target" in request.headers:
            answer = method(json.loads(request.body))
            return answer if isinstance(answer, list) else [http(json.dumps(answer).encode())]
        return [http(result(action, method(request.form)))]

    def _ListSubscriptionsByTopic(self, form: dict[str, str]) -> str:  # noqa: N802
        """Two a page, as SNS gives a hundred."""
        start = int(form.get("NextToken", 0))
        members = "".join(
            f"<member><TopicArn>{TOPIC}</TopicArn><Protocol>{protocol}</Protocol>"
            f"<SubscriptionArn>{arn}</SubscriptionArn><Endpoint>{endpoint}</Endpoint></member>"
            for protocol, endpoint, arn in self._live[start : start + 2]
        )
        more = f"<NextToken>{start + 2}</NextToken>" if start + 2 < len(self._live) else ""
        return f"<Subscriptions>{members}</Subscriptions>{more}"

    def _ListPhoneNumbersOptedOut(self, _: dict[str, str]) -> str:  # noqa: N802
        members = "".join(f"<member>{phone}</member>" for phone in self._opted_out)
        return f"<phoneNumbers>{members}</phoneNumbers>"

    def _GetSubscriptionAttributes(self, form: dict[str, str]) -> str:  # noqa: N802
        authenticated = str(form["SubscriptionArn"] in self._authenticated).lower()
        return _attributes({"ConfirmationWasAuthenticated": authenticated})

    def _GetTopicAttributes(self, _: dict[str, str]) -> str:  # noqa: N802
        waiting = sum(arn == "PendingConfirmation" for _, _, arn in self._live)
        return _attributes({"SubscriptionsPending": str(waiting), "Owner": "canary"})

    def _Subscribe(self, _: dict[str, str]) -> str:  # noqa: N802
        return "<SubscriptionArn>pending confirmation</SubscriptionArn>"

    def _ConfirmSubscription(self, _: dict[str, str]) -> str:  # noqa: N802
        return f"<SubscriptionArn>{TOPIC}:new</SubscriptionArn>"

    def _GetCallerIdentity(self, _: dict[str, str]) -> str:  # noqa: N802
        return "<Arn>canary</Arn><UserId>canary</UserId><Account>123456789012</Account>"

    def _GetSMSSandboxAccountStatus(self, _: dict[str, str]) -> str:  # noqa: N802
        return f"<IsInSandbox>{str(self._sandbox is not None).lower()}</IsInSandbox>"

    def _ListSMSSandboxPhoneNumbers(self, _: dict[str, str]) -> str:  # noqa: N802
        numbers = [(n, "Verified") for n in self._sandbox or ()] + [("+15555550199", "Pending")]
        members = "".join(
            f"<member><PhoneNumber>{number}</PhoneNumber><Status>{status}</Status></member>"
            for number, status in numbers
        )
        return f"<PhoneNumbers>{members}</PhoneNumbers>"

    def _GetSMSAttributes(self, _: dict[str, str]) -> str:  # noqa: N802
        limit = {} if self._limit is None else {"MonthlySpendLimit": str(self._limit)}
        return _attributes(limit).replace("Attributes>", "attributes>")

    def _ListOriginationNumbers(self, _: dict[str, str]) -> str:  # noqa: N802
        members = "".join(
            f"<member><PhoneNumber>+15555550100</PhoneNumber><Status>{status}</Status>"
            f"<Iso2CountryCode>{country}</Iso2CountryCode><NumberCapabilities><member>{capability}"
            "</member></NumberCapabilities></member>"
            for country, status, capability in self._senders
        )
        return f"<PhoneNumbers>{members}</PhoneNumbers>"

    def _DescribePhoneNumbers(self, _: Any) -> Any:  # noqa: N802
        usual = {
            "PhoneNumberArn": NUMBER_ARN,
            "PhoneNumber": "+15555550100",
            "Status": "ACTIVE",
            "IsoCountryCode": "US",
            "NumberCapabilities": ["SMS"],
            "NumberType": "TOLL_FREE",
        }
        numbers = [{k: v for k, v in n.items() if k != "Policy"} for n in self._voice]
        return {"PhoneNumbers": [{**usual, **number} for number in numbers]}

    def _GetResourcePolicy(self, form: Any) -> Any:  # noqa: N802
        policies = {n.get("PhoneNumberArn", NUMBER_ARN): n.get("Policy") for n in self._voice}
        policies |= {
            f"{NUMBER_ARN.rpartition(':')[0]}:pool/{n['PoolId']}": n.get("PoolPolicy")
            for n in self._voice
            if "PoolId" in n
        }
        policy = policies.get(form["ResourceArn"])
        return {"Policy": policy} if policy else refused_json("ResourceNotFoundException")

    def _GetMetricStatistics(self, form: Any) -> Any:  # noqa: N802
        if form["MetricName"] in self._points:
            points = [(when, 1.0) for when in self._points[form["MetricName"]]]
            name = "Sum"
        else:
            name = "Maximum"
            now = datetime.now(timezone.utc)
            points = [] if self._spent is None else [(now, self._spent)]
            points += [(now.replace(hour=0, minute=0, second=0), 0.01)] * len(points)
        return {"Datapoints": [{"Timestamp": w.timestamp(), name: v} for w, v in points]}

    def _GetQueueAttributes(self, form: Any) -> Any:  # noqa: N802
        number = self._letters.get(form["QueueUrl"].rpartition("/")[2], 0)
        return {"Attributes": {"ApproximateNumberOfMessages": str(number)}}

    def _FilterLogEvents(self, form: Any) -> Any:  # noqa: N802
        if form["logGroupName"] not in self._texts:
            return refused_json("ResourceNotFoundException")
        texts = self._texts[form["logGroupName"]]
        return {"events": [{"message": json.dumps(text)} for text in texts]}


def action_of(request: Request) -> str:
    """What a request asks for."""
    target = request.headers.get("x-amz-target")
    return target.rpartition(".")[2] if target else request.form.get("Action", "GetObject")


def refuse(action: str, code: str = "AccessDenied") -> dict[str, Answer]:
    """The answer of an AWS that does not allow one call, in its service's own words."""
    of_sns = {"GetCallerIdentity"} | {n[1:] for n in vars(LiveAws) if n.startswith("_L")}
    if action == "GetObject":
        text = f"<Error><Code>{code}</Code><Message>canary</Message></Error>"
        return {action: [http(text.encode(), "403 Forbidden")]}
    if action in of_sns or action.startswith(("GetSMS", "GetTopic", "GetSubscription")):
        name = "AuthorizationError" if code == "AccessDenied" else code
        return {action: [refused("403 Forbidden", name, "canary@example.com")]}
    name = "AccessDeniedException" if code == "AccessDenied" else code
    return {action: refused_json(name)}


def refused_json(code: str) -> list[bytes | float]:
    """A refusal of the services that speak JSON."""
    body = json.dumps({"__type": code, "message": "canary@example.com"}).encode()
    return [http(body, "400 Bad Request")]


def result(action: str, content: str) -> bytes:
    """A whole answer in SNS's XML."""
    return (
        f'<{action}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><{action}Result>'
        f"{content}</{action}Result></{action}Response>"
    ).encode()


def _attributes(values: dict[str, str]) -> str:
    entries = "".join(
        f"<entry><key>{key}</key><value>{value}</value></entry>" for key, value in values.items()
    )
    return f"<Attributes>{entries}</Attributes>"
