"""A service whose work takes its time, for the tests of jobs: the standard library alone.

POST /jobs answers 202 with a Location, GET on it says how the job goes on with a Retry-After, DELETE cancels it, and
when it is done a 303 leads to its result. GET /counts tells what was asked, and how often. The port is the first line
on stdout.

    python3 service.py [--port 0] [--retry-after 1]
"""

import argparse
import http.server
import json
import threading
import time


class Jobs:
    """All jobs, by their numbers, and how often each thing was asked."""

    def __init__(self):
        self.lock = threading.Lock()
        self.jobs = []
        self.by_key = {}
        self.counts = {"submissions": 0, "repeats": 0, "polls": 0, "results": 0, "cancellations": 0}

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def submit(self, order, key):
        with self.lock:
            if key is not None and key in self.by_key:
                self.counts["repeats"] += 1
                return self.by_key[key]
            self.counts["submissions"] += 1
            self.jobs.append({"order": order, "begun": time.monotonic(), "cancelled": False})
            number = len(self.jobs)
            if key is not None:
                self.by_key[key] = number
            return number

    def find(self, number):
        with self.lock:
            return self.jobs[number - 1] if 0 < number <= len(self.jobs) else None

    @staticmethod
    def state(job):
        """The state of a job and how far it is, in percent."""
        if job["cancelled"]:
            return "cancelled", 0
        seconds = job["order"].get("seconds", 1)
        passed = time.monotonic() - job["begun"]
        if passed < seconds:
            return "running", int(100 * passed / seconds)
        return ("failed" if job["order"].get("fails") else "succeeded"), 100


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    jobs = Jobs()
    retry_after = 1

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.path != "/jobs":
            return self.answer(404, {"detail": "there is no such path"})
        number = self.jobs.submit(json.loads(body or b"{}"), self.headers.get("Idempotency-Key"))
        headers = {"Location": f"/jobs/{number}", "Retry-After": str(self.retry_after)}
        return self.answer(202, {"id": number, "state": "running"}, headers)

    def do_GET(self):
        if self.path == "/counts":
            with self.jobs.lock:
                return self.answer(200, dict(self.jobs.counts))
        number, rest, job = self.job()
        if job is None:
            return self.answer(404, {"detail": "there is no such job"})
        state, percent = self.jobs.state(job)
        if rest == "result":
            self.jobs.count("results")
            return self.answer(200, {"job": number, "label": job["order"].get("label"), "answer": 42})
        self.jobs.count("polls")
        if state == "succeeded":
            return self.answer(303, None, {"Location": f"/jobs/{number}/result"})
        body = {"id": number, "state": state, "percentComplete": percent, "message": f"{state}, {percent} % done"}
        if state == "failed":
            body["error"] = {"message": "the sample was spilled"}
        headers = {"Retry-After": str(self.retry_after)} if state == "running" else {}
        return self.answer(200, body, headers)

    def do_DELETE(self):
        number, rest, job = self.job()
        if job is None or rest:
            return self.answer(404, {"detail": "there is no such job"})
        self.jobs.count("cancellations")
        job["cancelled"] = True
        return self.answer(200, {"id": number, "state": "cancelled"})

    def job(self):
        """The number, what stands behind it, and the job itself."""
        parts = self.path.strip("/").split("/")
        if len(parts) not in (2, 3) or parts[0] != "jobs" or not parts[1].isdigit():
            return 0, "", None
        rest = parts[2] if len(parts) == 3 else ""
        if rest not in ("", "result"):
            return 0, "", None
        return int(parts[1]), rest, self.jobs.find(int(parts[1]))

    def answer(self, status, body, headers=None):
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if content:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--retry-after", type=int, default=1)
    options = parser.parse_args()
    Handler.retry_after = options.retry_after
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
