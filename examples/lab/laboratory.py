"""What the laboratory knows and does: samples, instruments, assays and the jobs that run them."""

import copy
import re
import time

MATERIALS = ["blood", "soil", "water", "alloy"]
STATUSES = ["stored", "in_use", "used_up"]
ANALYTES = ["lead", "nitrate", "glucose", "ph"]
DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


class Problem(Exception):
    """Why a request was not done, as RFC 9457 writes it."""

    def __init__(self, status, title, detail, errors=None):
        super().__init__(detail)
        self.status, self.title, self.detail, self.errors = status, title, detail, errors

    @classmethod
    def of_value(cls, pointer, detail):
        errors = [{"pointer": pointer, "detail": detail}]
        return cls(422, "Not valid", f"{pointer} {detail}", errors)

    def as_json(self):
        told = {"title": self.title, "status": self.status, "detail": self.detail}
        return told | ({"errors": self.errors} if self.errors else {})


class Laboratory:
    """All data, in memory. `clock` gives seconds and only goes forward."""

    def __init__(self, clock=time.monotonic):
        self.clock = clock
        self._samples = {sample["id"]: sample for sample in map(first_sample, range(1, 13))}
        self._instruments = {one["id"]: one for one in first_instruments()}
        self._assays = {}
        self._jobs = {}
        self._next_sample = 13

    # Samples

    def samples(self, status, material, offset, limit):
        check_choice(status, "/status", STATUSES)
        check_choice(material, "/material", MATERIALS)
        if not 1 <= limit <= 100:
            raise Problem.of_value("/limit", "must be 1 to 100")
        found = [
            sample
            for sample in self._samples.values()
            if status in (None, sample["status"]) and material in (None, sample["material"])
        ]
        page = {"samples": found[offset : offset + limit], "total": len(found)}
        if offset + limit < len(found):
            page["nextOffset"] = offset + limit
        return page

    def sample(self, sample_id):
        return find(self._samples, sample_id, "sample")

    def register(self, body):
        check_members(body, "", required=["name", "material", "collectedOn"], more=["origin", "tags"])
        sample = {"id": f"s-{self._next_sample:03}", "status": "stored", "tags": []}
        sample |= self.checked_sample(body)
        self._next_sample += 1
        self._samples[sample["id"]] = sample
        return sample

    def update(self, sample_id, body):
        sample = self.sample(sample_id)
        check_members(body, "", required=[], more=["name", "status", "tags"])
        sample |= self.checked_sample(body)
        return sample

    def checked_sample(self, body):
        if "name" in body:
            check_text(body["name"], "/name", 1, 80)
        check_choice(body.get("material"), "/material", MATERIALS)
        check_choice(body.get("status"), "/status", STATUSES)
        collected = body.get("collectedOn")
        if collected is not None and not (isinstance(collected, str) and DATE.fullmatch(collected)):
            raise Problem.of_value("/collectedOn", "must be a date such as 2026-03-14")
        tags = body.get("tags", [])
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise Problem.of_value("/tags", "must be a list of texts")
        if "origin" in body:
            check_members(body["origin"], "/origin", required=["site"], more=["depthMetres"])
            check_text(body["origin"]["site"], "/origin/site", 1, 80)
            check_number(body["origin"].get("depthMetres", 0), "/origin/depthMetres", 0, 12_000)
        return copy.deepcopy(body)

    def discard(self, sample_id):
        self.sample(sample_id)
        if any(self.is_open(assay["jobId"]) for assay in self._assays.values() if assay["sampleId"] == sample_id):
            raise Problem(409, "In use", "an assay of this sample is running: cancel its job first")
        del self._samples[sample_id]

    # Instruments

    def instruments(self):
        return list(self._instruments.values())

    def instrument(self, instrument_id):
        return find(self._instruments, instrument_id, "instrument")

    # Assays

    def assays(self, sample_id):
        found = self._assays.values()
        return {"assays": [assay for assay in found if sample_id in (None, assay["sampleId"])]}

    def assay(self, assay_id):
        return find(self._assays, assay_id, "assay")

    def start(self, body):
        required = ["sampleId", "instrumentId", "measure"]
        check_members(body, "", required=required, more=["durationSeconds"])
        measure = body["measure"]
        check_members(measure, "/measure", required=["analyte"], more=["repeats"])
        if measure["analyte"] not in ANALYTES:
            raise Problem.of_value("/measure/analyte", f"must be one of {', '.join(ANALYTES)}")
        repeats = measure.get("repeats", 3)
        check_number(repeats, "/measure/repeats", 1, 50)
        duration = body.get("durationSeconds", 4)
        check_number(duration, "/durationSeconds", 0, 600)
        for key, known in [("sampleId", self._samples), ("instrumentId", self._instruments)]:
            if not isinstance(body[key], str) or body[key] not in known:
                raise Problem.of_value(f"/{key}", "names nothing that is there")
        number = len(self._assays) + 1
        assay = {
            "id": f"a-{number:03}",
            "sampleId": body["sampleId"],
            "instrumentId": body["instrumentId"],
            "measure": {"analyte": measure["analyte"], "repeats": int(repeats)},
            "jobId": f"j-{number:03}",
        }
        self._assays[assay["id"]] = assay
        self._jobs[assay["jobId"]] = {"assay": assay, "begun": self.clock(), "duration": duration, "cancelled": None}
        return self.job(assay["jobId"])

    def result(self, assay_id):
        assay = self.assay(assay_id)
        job = self.job(assay["jobId"])
        if job["status"] != "succeeded":
            raise Problem(409, "No result", f"the assay's job {job['id']} is {job['status']}")
        values = readings(assay)
        mean = sum(values) / len(values)
        return {
            "assayId": assay_id,
            "analyte": assay["measure"]["analyte"],
            "unit": "pH" if assay["measure"]["analyte"] == "ph" else "mg/L",
            "mean": round(mean, 3),
            "spread": round(max(values) - min(values), 3),
            "count": len(values),
        }

    def measurements(self, assay_id):
        unit = self.result(assay_id)["unit"]
        lines = ["repeat,value,unit"]
        lines += [f"{number},{value:.3f},{unit}" for number, value in enumerate(readings(self.assay(assay_id)), 1)]
        return "\n".join(lines) + "\n"

    # Jobs: what a job has come to is a matter of how long ago it began.

    def job(self, job_id):
        job = find(self._jobs, job_id, "job")
        until = job["cancelled"] if job["cancelled"] is not None else self.clock()
        elapsed = until - job["begun"]
        share = 1.0 if job["duration"] == 0 else min(1.0, elapsed / job["duration"])
        told = {"id": job_id, "assayId": job["assay"]["id"], "progress": round(share, 2)}
        broken = self._instruments[job["assay"]["instrumentId"]]["state"] == "out_of_order"
        if job["cancelled"] is not None:
            return told | {"status": "cancelled"}
        if broken and share >= 0.5:
            return told | {"status": "failed", "progress": 0.5, "detail": "the instrument is out of order"}
        if share >= 1:
            return told | {"status": "succeeded", "result": f"/assays/{job['assay']['id']}/result"}
        return told | {"status": "queued" if share < 0.1 else "running"}

    def cancel(self, job_id):
        find(self._jobs, job_id, "job")
        if not self.is_open(job_id):
            raise Problem(409, "Over", f"the job is {self.job(job_id)['status']} already")
        self._jobs[job_id]["cancelled"] = self.clock()
        return self.job(job_id)

    def is_open(self, job_id):
        return self.job(job_id)["status"] in ("queued", "running")


def first_sample(number):
    return {
        "id": f"s-{number:03}",
        "name": f"{MATERIALS[number % 4].capitalize()} {number}",
        "material": MATERIALS[number % 4],
        "status": STATUSES[number % 3],
        "collectedOn": f"2026-{number:02}-{number + 10:02}",
        "origin": {"site": "North well" if number % 2 else "Old quarry", "depthMetres": number * 1.5},
        "tags": ["routine"] if number % 2 else ["routine", "urgent"],
    }


def first_instruments():
    return [
        {"id": "i-icp", "name": "ICP mass spectrometer", "analytes": ["lead"], "state": "ready"},
        {"id": "i-ion", "name": "Ion chromatograph", "analytes": ["nitrate", "glucose"], "state": "ready"},
        {"id": "i-ph", "name": "pH meter", "analytes": ["ph"], "state": "out_of_order"},
    ]


def readings(assay):
    """Numbers that depend on the assay alone."""
    seed = sum((place + 1) * byte for place, byte in enumerate(assay["sampleId"].encode()))
    base = {"lead": 0.4, "nitrate": 12.0, "glucose": 90.0, "ph": 6.8}[assay["measure"]["analyte"]]
    repeats = range(assay["measure"]["repeats"])
    return [round(base * (1 + ((seed * 31 + number * 17) % 21 - 10) / 200), 3) for number in repeats]


def find(known, key, what):
    if key not in known:
        raise Problem(404, "Not found", f"there is no {what} {key!r}")
    return known[key]


def check_members(value, pointer, required, more):
    if not isinstance(value, dict):
        raise Problem.of_value(pointer or "/", "must be an object")
    for name in required:
        if name not in value:
            raise Problem.of_value(f"{pointer}/{name}", "is required")
    for name in value:
        if name not in required and name not in more:
            raise Problem.of_value(f"{pointer}/{name}", "is not known")


def check_choice(value, pointer, choices):
    if value is not None and value not in choices:
        raise Problem.of_value(pointer, f"must be one of {', '.join(choices)}")


def check_text(value, pointer, shortest, longest):
    if not isinstance(value, str) or not shortest <= len(value) <= longest:
        raise Problem.of_value(pointer, f"must be a text of {shortest} to {longest} characters")


def check_number(value, pointer, least, most):
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise Problem.of_value(pointer, f"must be a number from {least} to {most}")
