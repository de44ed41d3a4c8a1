import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * The applications of a failover group: writers and group members that work in the region they are routed to and start
 * again where they are routed elsewhere, and a prober that writes to every region all the time. One process, so that
 * one monotonic clock times them all.
 *
 * FOLDER/apps.properties says what there is:
 *   regions=a,b                        with FOLDER/a.properties, FOLDER/b.properties: how clients connect
 *   probes=TOPIC,...                   partition 0 of each, every 50 ms, in every region; it need not exist yet
 *   writers=NAME:KIND:TOPIC:PARTITIONS:RATE,...   KIND plain, keyed or transactional
 *   readers=GROUP:PROTOCOL:TOPIC|TOPIC,...        PROTOCOL classic or consumer
 *
 * Standard input: `route N REGION`, `stop` (writers and prober end), `finish` (readers end once they have committed
 * everything that is there). Standard output: `ready`, `stopped`, `finished`, and `trouble ...` for what may be wrong.
 *
 * FOLDER/writes.log: `VERDICT WRITER REGION TOPIC PARTITION OFFSET ID KEY SENT ANSWERED`, times in nanoseconds, VERDICT
 * `kept` (acknowledged and, in a transaction, committed), `aborted`, `refused` (nobody stored it), or `unclear` (somebody
 * may have). FOLDER/reads.log: `VERDICT GROUP REGION TOPIC PARTITION OFFSET ID`, VERDICT `read` once the position behind
 * it was committed, `unclear` where the commit was not answered. What was read and could not be committed is not noted:
 * such an application has done nothing with it.
 */
public class FailoverApps {
  private static final long PROBE_NANOS = 50_000_000L;
  /** A client that was refused tries again after this time, or as soon as it is routed elsewhere. */
  private static final long RETRY_MS = 400;
  private static final long LOOK_MS = 10;
  private static final long CLOSE_MS = 300;
  private static final long ANSWER_POLL_MS = 50;
  private static final int ANSWER_POLLS_MAX = 400;
  private static final long REQUEST_TIMEOUT_MS = 3_000;
  private static final int KEYS = 100;
  private static final int BURST = 10;
  private static final long FINISH_NANOS = 60_000_000_000L;

  private final Path folder;
  private final Properties plan = new Properties();
  private final Map<String, Properties> access = new HashMap<>();
  private final BufferedWriter writes;
  private final BufferedWriter reads;
  private final Map<String, Boolean> told = new ConcurrentHashMap<>();
  private volatile Route route;
  private volatile boolean isStopping;
  private volatile boolean isFinishing;

  private record Route(int number, String region) {}

  FailoverApps(Path folder) throws Exception {
    this.folder = folder;
    load(plan, "apps.properties");
    for (String region : plan.getProperty("regions").split(",")) {
      var properties = new Properties();
      load(properties, region + ".properties");
      access.put(region, properties);
    }
    writes = Files.newBufferedWriter(folder.resolve("writes.log"));
    reads = Files.newBufferedWriter(folder.resolve("reads.log"));
  }

  public static void main(String[] args) {
    try {
      new FailoverApps(Path.of(args[0])).run();
      Runtime.getRuntime().halt(0);
    } catch (Throwable error) {
      error.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  private void load(Properties into, String name) throws Exception {
    try (var in = Files.newInputStream(folder.resolve(name))) {
      into.load(in);
    }
  }

  private void run() throws Exception {
    List<Thread> writers = new ArrayList<>();
    List<Thread> readers = new ArrayList<>();
    for (String region : access.keySet()) {
      for (String topic : split("probes")) writers.add(start("probe-" + region, () -> probe(region, topic)));
    }
    for (String spec : split("writers")) writers.add(start(spec, () -> write(spec.split(":"))));
    for (String spec : split("readers")) readers.add(start(spec, () -> read(spec.split(":"))));
    System.out.println("ready");
    var input = new BufferedReader(new InputStreamReader(System.in));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      String[] words = line.split(" ");
      switch (words[0]) {
        case "route" -> route = new Route(Integer.parseInt(words[1]), words[2]);
        case "stop" -> {
          isStopping = true;
          for (var thread : writers) thread.join();
          close(writes);
          System.out.println("stopped");
        }
        case "finish" -> {
          isFinishing = true;
          for (var thread : readers) thread.join();
          close(reads);
          System.out.println("finished");
          return;
        }
        default -> throw new IllegalArgumentException(line);
      }
    }
  }

  private String[] split(String key) {
    String value = plan.getProperty(key, "");
    return value.isEmpty() ? new String[0] : value.split(",");
  }

  private interface Work {
    void run() throws Exception;
  }

  private Thread start(String name, Work work) {
    var thread = new Thread(() -> {
      try {
        work.run();
      } catch (Throwable error) {
        error.printStackTrace();
        Runtime.getRuntime().halt(1);
      }
    }, name);
    thread.start();
    return thread;
  }

  // ---- the prober

  private void probe(String region, String topic) {
    var properties = clientOf(region, "app-probe");
    properties.put("acks", "all");
    properties.put("retries", "0");
    properties.put("enable.idempotence", "false");
    properties.put("max.in.flight.requests.per.connection", "1");
    properties.put("linger.ms", "0");
    properties.put("max.block.ms", "400");
    properties.put("request.timeout.ms", "2000");
    properties.put("delivery.timeout.ms", "2000");
    properties.put("metadata.max.age.ms", "1000");
    // A region that is back is open for some hundred milliseconds only.
    properties.put("reconnect.backoff.max.ms", "100");
    try (var producer = open(properties)) {
      long due = System.nanoTime();
      for (long number = 0; !isStopping; number++) {
        String id = topic + "-" + region + "-" + number;
        long sent = System.nanoTime();
        var record = new ProducerRecord<>(topic, 0, id, id);
        producer.send(record, (placed, error) -> note(new Draft(record, "probe", region, id, sent), placed, error));
        // Sends that blocked are not made up for.
        due = Math.max(due + PROBE_NANOS, System.nanoTime() - PROBE_NANOS);
        LockSupport.parkNanos(due - System.nanoTime());
      }
    }
  }

  // ---- writers

  private void write(String[] spec) {
    var writer = new Writer(spec[0], spec[1], spec[2], Integer.parseInt(spec[3]), Integer.parseInt(spec[4]));
    while (!isStopping) {
      var here = route;
      if (here != null) {
        try {
          writer.work(here);
        } catch (RuntimeException trouble) {
          tellOnce(spec[0], trouble);
        }
      }
      rest(here);
    }
  }

  private class Writer {
    private final String name;
    private final String kind;
    private final String topic;
    private final int partitions;
    private final int rate;
    private final Random random = new Random(7);
    private long number;

    Writer(String name, String kind, String topic, int partitions, int rate) {
      this.name = name;
      this.kind = kind;
      this.topic = topic;
      this.partitions = partitions;
      this.rate = rate;
    }

    private boolean isRouted(Route here) {
      return !isStopping && route == here;
    }

    /** Returns where it is routed elsewhere, throws where it is refused. */
    void work(Route here) {
      var properties = clientOf(here.region(), "app-" + name);
      properties.put("acks", "all");
      properties.put("enable.idempotence", "true");
      properties.put("linger.ms", "5");
      properties.put("max.block.ms", "2000");
      properties.put("request.timeout.ms", Long.toString(REQUEST_TIMEOUT_MS));
      properties.put("delivery.timeout.ms", "5000");
      boolean isTransactional = kind.equals("transactional");
      if (isTransactional) {
        properties.put("transactional.id", "writer-" + name);
        properties.put("transaction.timeout.ms", "20000");
      }
      var producer = open(properties);
      try {
        if (isTransactional) producer.initTransactions();
        long started = System.nanoTime();
        for (long sent = 0; isRouted(here); sent += BURST) {
          if (isTransactional) transact(producer, here);
          else burst(producer, here);
          LockSupport.parkNanos(started + sent * 1_000_000_000L / rate - System.nanoTime());
        }
      } finally {
        // A client that is routed elsewhere has a moment for what is on its way; what is left is unclear.
        producer.close(Duration.ofMillis(CLOSE_MS));
      }
    }

    private Draft draft(Route here) {
      String id = name + "-" + number;
      String key = kind.equals("keyed") ? "key-" + random.nextInt(KEYS) : id;
      int partition = kind.equals("keyed") ? Math.floorMod(key.hashCode(), partitions) : (int) (number % partitions);
      number++;
      var record = new ProducerRecord<>(topic, partition, key, id);
      return new Draft(record, name, here.region(), id, System.nanoTime());
    }

    private void burst(KafkaProducer<String, String> producer, Route here) {
      List<Future<RecordMetadata>> answers = new ArrayList<>();
      for (int i = 0; i < BURST; i++) {
        var draft = draft(here);
        answers.add(producer.send(draft.record(), (placed, error) -> note(draft, placed, error)));
      }
      // One burst at a time: behind a refused record nothing else is sent before the client has noticed.
      for (var answer : answers) await(answer, here);
    }

    private void transact(KafkaProducer<String, String> producer, Route here) {
      List<Draft> drafts = new ArrayList<>();
      List<RecordMetadata> placed = new ArrayList<>();
      producer.beginTransaction();
      String verdict = "unclear";
      try {
        List<Future<RecordMetadata>> answers = new ArrayList<>();
        for (int i = 0; i < BURST; i++) {
          var draft = draft(here);
          drafts.add(draft);
          answers.add(producer.send(draft.record()));
        }
        for (var answer : answers) placed.add(await(answer, here));
        // Transactions of some length, so that a fence finds one open.
        pause(random.nextInt(40));
        if (random.nextInt(5) == 0) {
          producer.abortTransaction();
          verdict = "aborted";
        } else {
          commit(producer);
          verdict = "kept";
        }
      } finally {
        long answered = System.nanoTime();
        for (int i = 0; i < drafts.size(); i++) {
          note(verdict, drafts.get(i), i < placed.size() ? placed.get(i) : null, answered);
        }
      }
    }

    /** What has no answer when it is routed elsewhere is not waited for: its region may never answer. */
    private RecordMetadata await(Future<RecordMetadata> answer, Route here) {
      for (int polls = 0; polls < ANSWER_POLLS_MAX; polls++) {
        try {
          return answer.get(ANSWER_POLL_MS, TimeUnit.MILLISECONDS);
        } catch (java.util.concurrent.TimeoutException late) {
          if (route != here) throw new IllegalStateException(name + " is routed elsewhere", late);
        } catch (java.util.concurrent.ExecutionException failed) {
          throw new IllegalStateException(failed.getCause());
        } catch (InterruptedException failed) {
          throw new IllegalStateException(failed);
        }
      }
      throw new IllegalStateException(name + " gets no answer");
    }

    private void commit(KafkaProducer<String, String> producer) {
      for (int attempt = 0;; attempt++) {
        try {
          producer.commitTransaction();
          return;
        } catch (TimeoutException late) {
          if (attempt == 2) throw late;
        }
      }
    }
  }

  private record Draft(ProducerRecord<String, String> record, String writer, String region, String id, long sent) {}

  private void note(Draft draft, RecordMetadata placed, Exception error) {
    long answered = System.nanoTime();
    note(error == null ? "kept" : verdictOn(error, answered - draft.sent()), draft, placed, answered);
  }

  /**
   * Only answers with which a broker says that it has stored nothing are a refusal. Of a record that was sent twice, they
   * say nothing about the first time.
   */
  private static String verdictOn(Exception error, long tookNanos) {
    boolean isFirst = tookNanos < REQUEST_TIMEOUT_MS * 1_000_000L;
    boolean isRefusal = error instanceof org.apache.kafka.common.errors.AuthorizationException
        || error instanceof org.apache.kafka.common.errors.RecordTooLargeException;
    return isRefusal && isFirst ? "refused" : "unclear";
  }

  private void note(String verdict, Draft draft, RecordMetadata placed, long answered) {
    long offset = placed != null && placed.hasOffset() ? placed.offset() : -1;
    var record = draft.record();
    writeLine(writes, verdict + " " + draft.writer() + " " + draft.region() + " " + record.topic() + " "
        + record.partition() + " " + offset + " " + draft.id() + " " + record.key() + " " + draft.sent() + " "
        + answered);
  }

  // ---- readers

  private void read(String[] spec) {
    String group = spec[0];
    boolean isDone = false;
    while (!isDone) {
      var here = route;
      if (here != null) {
        try {
          isDone = follow(group, spec[1], List.of(spec[2].split("\\|")), here);
        } catch (RuntimeException trouble) {
          tellOnce(group, trouble);
        }
      }
      rest(here);
    }
  }

  /** True once it has read and committed everything and is told to finish; false where it is routed elsewhere. */
  private boolean follow(String group, String protocol, List<String> topics, Route here) {
    var properties = clientOf(here.region(), "app-" + group);
    properties.put("group.id", group);
    properties.put("group.protocol", protocol);
    if (protocol.equals("classic")) {
      properties.put("session.timeout.ms", "4000");
      properties.put("heartbeat.interval.ms", "1000");
    }
    properties.put("isolation.level", "read_committed");
    properties.put("enable.auto.commit", "false");
    // A position that is missing behind the first region would be a silent re-read of everything: it shows as one.
    properties.put("auto.offset.reset", "earliest");
    properties.put("max.poll.records", "500");
    properties.put("request.timeout.ms", "3000");
    properties.put("default.api.timeout.ms", "3000");
    var consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
    try {
      consumer.subscribe(topics);
      Map<TopicPartition, Long> ends = null;
      long deadline = Long.MAX_VALUE;
      while (route == here) {
        List<ConsumerRecord<String, String>> batch = new ArrayList<>();
        for (var record : consumer.poll(Duration.ofMillis(100))) batch.add(record);
        if (!batch.isEmpty()) settle(consumer, batch, group, here);
        if (!isFinishing) continue;
        if (ends == null) {
          var all = new HashSet<TopicPartition>();
          for (String topic : topics) {
            for (var info : consumer.partitionsFor(topic)) all.add(new TopicPartition(topic, info.partition()));
          }
          ends = consumer.endOffsets(all);
          deadline = System.nanoTime() + FINISH_NANOS;
        }
        if (hasReached(consumer, ends)) return true;
        if (System.nanoTime() > deadline) {
          System.out.println("trouble " + group + " did not reach the end in " + here.region());
          return true;
        }
      }
      return false;
    } finally {
      try {
        consumer.close(Duration.ofMillis(1_000));
      } catch (RuntimeException trouble) {
        tellOnce(group, trouble);
      }
    }
  }

  private void settle(
      KafkaConsumer<String, String> consumer, List<ConsumerRecord<String, String>> batch, String group, Route here) {
    String verdict = "read";
    try {
      consumer.commitSync();
    } catch (TimeoutException | WakeupException late) {
      verdict = "unclear";
    }
    var lines = new StringBuilder();
    for (var record : batch) {
      lines.append(verdict).append(' ').append(group).append(' ').append(here.region()).append(' ')
          .append(record.topic()).append(' ').append(record.partition()).append(' ').append(record.offset())
          .append(' ').append(record.value()).append('\n');
    }
    lines.setLength(lines.length() - 1);
    writeLine(reads, lines.toString());
    if (!verdict.equals("read")) throw new IllegalStateException("a commit was not answered");
  }

  private static boolean hasReached(KafkaConsumer<String, String> consumer, Map<TopicPartition, Long> ends) {
    if (!consumer.assignment().containsAll(ends.keySet())) return false;
    for (var entry : ends.entrySet()) {
      if (consumer.position(entry.getKey()) < entry.getValue()) return false;
    }
    return true;
  }

  // ---- common

  private static KafkaProducer<String, String> open(Properties properties) {
    return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
  }

  private Properties clientOf(String region, String clientId) {
    var properties = new Properties();
    properties.putAll(access.get(region));
    properties.put("client.id", clientId);
    properties.put("reconnect.backoff.ms", "20");
    properties.put("reconnect.backoff.max.ms", "100");
    properties.put("retry.backoff.ms", "20");
    properties.put("retry.backoff.max.ms", "100");
    // They follow their route and nothing else.
    properties.put("metadata.recovery.strategy", "none");
    return properties;
  }

  /** Each kind of trouble once: refusals repeat many times a second while a region is fenced. */
  private void tellOnce(String who, Throwable trouble) {
    var cause = trouble.getCause() == null ? trouble : trouble.getCause();
    String text = who + " " + cause.getClass().getSimpleName();
    if (told.putIfAbsent(text, true) == null) System.out.println("trouble " + text + ": " + cause.getMessage());
  }

  private void rest(Route here) {
    long until = System.nanoTime() + RETRY_MS * 1_000_000L;
    while (route == here && !isStopping && System.nanoTime() < until) pause(LOOK_MS);
  }

  private static void pause(long ms) {
    LockSupport.parkNanos(ms * 1_000_000L);
  }

  private static void writeLine(BufferedWriter out, String line) {
    synchronized (out) {
      try {
        out.write(line);
        out.newLine();
      } catch (java.io.IOException error) {
        throw new java.io.UncheckedIOException(error);
      }
    }
  }

  private static void close(BufferedWriter out) throws Exception {
    synchronized (out) {
      out.close();
    }
  }
}
