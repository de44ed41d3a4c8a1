"""The same applications as ClientApps.java, with librdkafka; see program.ts for the plan, the orders and the lines."""

import os
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer

REST_S = 0.1
# A client that cannot reach its brokers takes long to close; what was asked to end is left to its own by then.
CLOSE_S = 3
lock = threading.Lock()


def say(line):
    with lock:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


class App:
    def __init__(self, name, kind, rest):
        self.name, self.kind, self.rest = name, kind, rest.split(" ")
        self.properties, self.told, self.number = {}, set(), 0
        self.thread, self.stopping = None, None

    def start(self):
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.supervise, args=(self.stopping,), daemon=True)
        self.thread.start()

    def stop(self):
        if not self.thread.is_alive():
            say("stopped " + self.name)
        self.stopping.set()

    def supervise(self, stopping):
        while True:
            try:
                (self.produce if self.kind == "producer" else self.consume)(stopping)
            except KafkaException as error:
                self.tell(error.args[0])
            time.sleep(REST_S)
            if stopping.is_set() or "app.alone" in self.properties:
                break
        say(("stopped " if stopping.is_set() else "died ") + self.name)

    def own(self, **more):
        own = {key: value for key, value in self.properties.items() if not key.startswith("app.")}
        # Warnings of the library would be taken for troubles of the trial.
        return {**own, "log_level": 0, "error_cb": self.tell, **more}

    def produce(self, stopping):
        producer = Producer(self.own())
        topic, partitions, every_ms = self.rest[0], int(self.rest[1]), int(self.rest[2])
        while not stopping.is_set():
            record_id = f"{self.name}-{self.number}"
            ended = []
            place = {"topic": topic, "partition": self.number % partitions}
            producer.produce(key=record_id, value=record_id, on_delivery=lambda *it: ended.append(it), **place)
            while not ended and not stopping.is_set():
                producer.poll(0.05)
            if not ended:
                break
            error, message = ended[0]
            if error is None:
                self.note("acked", message, record_id)
                self.number += 1
                time.sleep(every_ms / 1000)
            else:
                self.tell(error)
                if error.fatal() and "app.alone" not in self.properties:
                    break
                time.sleep(REST_S)
        producer.purge()

    def consume(self, stopping):
        consumer = Consumer(self.own(**{"group.id": self.rest[0]}))
        try:
            consumer.subscribe(self.rest[1].split(","))
            while not stopping.is_set():
                batch = []
                for message in consumer.consume(500, 0.1):
                    if message.error() is None:
                        batch.append(message)
                    else:
                        self.tell(message.error())
                        if message.error().fatal():
                            raise KafkaException(message.error())
                if not batch:
                    continue
                verdict = "unclear"
                try:
                    consumer.commit(asynchronous=False)
                    verdict = "read"
                finally:
                    for message in batch:
                        self.note(verdict, message, message.value().decode())
        finally:
            closing = threading.Thread(target=consumer.close, daemon=True)
            closing.start()
            closing.join(CLOSE_S)

    def note(self, verdict, message, record_id):
        place = f"{message.topic()} {message.partition()} {message.offset()}"
        say(f"{verdict} {self.name} {place} {record_id} {int(time.time() * 1000)}")

    def tell(self, error):
        if error.name() not in self.told:
            self.told.add(error.name())
            say(f"trouble {self.name} {error.name()}: {error.str()}")


def main():
    apps = {}
    with open(sys.argv[1], encoding="utf8") as plan:
        for line in plan.read().splitlines():
            word, name, kind, rest = line.split(" ", 3)
            if word == "set":
                apps[name].properties[kind] = rest
            else:
                apps[name] = App(name, kind, rest)
    for app in apps.values():
        app.start()
    say("ready")
    for line in sys.stdin:
        words = line.split()
        if words[0] == "end":
            break
        getattr(apps[words[1]], words[0])()
    os._exit(0)


main()
