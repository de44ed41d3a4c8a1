import java.io.BufferedWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes a described workload with idempotent producers (acks=all), and a log of exactly those records that were
 * acknowledged and, in transactions, committed:
 *
 *   topic partition offset digest timestamp
 *
 * with the digest of RecordReader, and offset -1 where a broker remembers only that it has the record. Records whose
 * fate is unknown (a timeout, a lost answer to a commit) are in OUTPUT.uncertain in the same form, with offset -1 where
 * none is known; a reader may see them or not.
 *
 * --bootstrap LIST --output FILE --topics A,B     round robin, as over the partitions
 * --partitions 4 --replication 1 --config k=v;k=v creates the topics that are missing
 * --count N, --seconds S                          the first bound reached ends the run, as SIGTERM does; one is needed
 * --rate 0                                        records a second, 0: as fast as it goes
 * --codecs none,lz4                               one producer each, taking turns by burst
 * --burst 500                                     records in a row by one producer, and in a transaction
 * --transactional-id ID --abort-ratio 0.2         transactions; without the id none
 * --keys unique|none|N [--tombstones 0.0]         N: a key space, the same key always on the same partition
 * --size 200 --values json|random --headers 0     bytes of a value; up to that many headers
 * --old-days 0                                    timestamps spread over so many days back, out of order; add
 *                                                 --config retention.ms=-1, or brokers soon delete what is old
 * --seed 1 --properties FILE
 *
 * Prints a line of JSON a second and at the end. Exits with 1 where a producer fails for good.
 */
public class RecordProducer {
  private static final long SECOND = 1_000_000_000L;

  private final Map<String, String> options;
  private final Random random;
  private final Contents contents;
  private final List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
  private final BufferedWriter log;
  private final BufferedWriter uncertainLog;
  private final AtomicLong acknowledged = new AtomicLong();
  private final AtomicLong aborted = new AtomicLong();
  private final AtomicLong uncertain = new AtomicLong();
  private final long started = System.nanoTime();
  private volatile boolean isStopping;
  private long sent;
  private long nextReport = started + SECOND;

  RecordProducer(Map<String, String> options) throws Exception {
    this.options = options;
    random = new Random(number("seed"));
    contents = new Contents(options, random);
    log = Files.newBufferedWriter(Path.of(options.get("output")));
    uncertainLog = Files.newBufferedWriter(Path.of(options.get("output") + ".uncertain"));
  }

  public static void main(String[] args) throws Exception {
    var status = new java.util.concurrent.CompletableFuture<Integer>();
    var program = new RecordProducer(parse(args));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      program.isStopping = true;
      Runtime.getRuntime().halt(status.join());
    }));
    try {
      program.run();
      program.closeLogs();
      status.complete(0);
    } catch (Throwable error) {
      error.printStackTrace();
      program.closeLogs();
      status.complete(1);
    }
    System.exit(status.join());
  }

  static Map<String, String> parse(String[] args) {
    var defaults = "partitions=4 replication=1 config= rate=0 codecs=none burst=500 abort-ratio=0.2 keys=unique "
        + "tombstones=0 size=200 values=json headers=0 old-days=0 seed=1 seconds=1000000000 count=" + Long.MAX_VALUE;
    var options = new HashMap<String, String>();
    for (String pair : defaults.split(" ")) options.put(pair.split("=")[0], pair.substring(pair.indexOf('=') + 1));
    var given = new HashMap<String, String>();
    for (int i = 0; i + 1 < args.length; i += 2) given.put(args[i].replaceFirst("^--", ""), args[i + 1]);
    for (String name : List.of("bootstrap", "topics", "output")) {
      if (!given.containsKey(name)) throw new IllegalArgumentException("--" + name + " is missing");
    }
    if (!given.containsKey("count") && !given.containsKey("seconds")) {
      throw new IllegalArgumentException("--count or --seconds is needed");
    }
    options.putAll(given);
    return options;
  }

  void run() throws Exception {
    createTopics();
    openProducers();
    long count = number("count");
    long end = started + number("seconds") * SECOND;
    for (int turn = 0; sent < count && System.nanoTime() < end && !isStopping; turn++) {
      var producer = producers.get(turn % producers.size());
      int burst = (int) Math.min(number("burst"), count - sent);
      if (options.containsKey("transactional-id")) writeTransaction(producer, burst);
      else writeBurst(producer, burst);
      report();
    }
    for (var producer : producers) producer.close();
    print();
  }

  private void closeLogs() throws Exception {
    synchronized (log) {
      log.close();
    }
    synchronized (uncertainLog) {
      uncertainLog.close();
    }
  }

  /** Each record is logged when its own acknowledgement comes. */
  private void writeBurst(KafkaProducer<byte[], byte[]> producer, int burst) throws Exception {
    for (int i = 0; i < burst && !isStopping; i++) {
      pace();
      var draft = contents.next(sent++);
      producer.send(draft.record(), (metadata, error) -> {
        if (error == null) keep(List.of(draft), List.of(metadata));
        else doubt(draft, null);
      });
    }
  }

  /** A transaction is logged when its commit is answered. An aborted one is flushed first, so that it is in the log. */
  private void writeTransaction(KafkaProducer<byte[], byte[]> producer, int burst) throws Exception {
    List<Draft> drafts = new ArrayList<>();
    List<Future<RecordMetadata>> answers = new ArrayList<>();
    boolean isAborted = random.nextDouble() < Double.parseDouble(options.get("abort-ratio"));
    producer.beginTransaction();
    for (int i = 0; i < burst && !isStopping; i++) {
      pace();
      var draft = contents.next(sent++);
      drafts.add(draft);
      answers.add(producer.send(draft.record()));
    }
    producer.flush();
    List<RecordMetadata> placed = new ArrayList<>();
    try {
      for (var answer : answers) placed.add(answer.get());
    } catch (ExecutionException failed) {
      isAborted = true;
    }
    if (isAborted) {
      producer.abortTransaction();
      aborted.addAndGet(drafts.size());
      return;
    }
    if (commit(producer)) {
      keep(drafts, placed);
      return;
    }
    for (int i = 0; i < drafts.size(); i++) doubt(drafts.get(i), placed.get(i));
    throw new IllegalStateException("a commit was not answered");
  }

  /** After a timeout the same commit may be asked for again. */
  private boolean commit(KafkaProducer<byte[], byte[]> producer) {
    for (int attempt = 0; attempt < 5; attempt++) {
      try {
        producer.commitTransaction();
        return true;
      } catch (TimeoutException timeout) {
        continue;
      } catch (RuntimeException failed) {
        failed.printStackTrace();
        return false;
      }
    }
    return false;
  }

  private void keep(List<Draft> drafts, List<RecordMetadata> placed) {
    var lines = new StringBuilder();
    for (int i = 0; i < drafts.size(); i++) drafts.get(i).describe(placed.get(i), lines);
    writeLine(log, lines.toString());
    acknowledged.addAndGet(drafts.size());
  }

  private void doubt(Draft draft, RecordMetadata placed) {
    var line = new StringBuilder();
    draft.describe(placed, line);
    writeLine(uncertainLog, line.toString());
    uncertain.incrementAndGet();
  }

  private static void writeLine(BufferedWriter out, String lines) {
    synchronized (out) {
      try {
        out.write(lines);
      } catch (java.io.IOException error) {
        throw new java.io.UncheckedIOException(error);
      }
    }
  }

  private void pace() throws InterruptedException {
    long rate = number("rate");
    if (rate == 0) return;
    long due = started + (long) (sent * (double) SECOND / rate);
    for (long wait = due - System.nanoTime(); wait > 0 && !isStopping; wait = due - System.nanoTime()) {
      Thread.sleep(Math.min(wait / 1_000_000, 100), (int) (wait % 1_000_000));
      report();
    }
  }

  private void report() {
    if (System.nanoTime() < nextReport) return;
    nextReport = System.nanoTime() + SECOND;
    synchronized (log) {
      try {
        log.flush();
      } catch (java.io.IOException error) {
        throw new java.io.UncheckedIOException(error);
      }
    }
    print();
  }

  private void print() {
    System.out.printf(Locale.ROOT, "{\"sent\":%d,\"kept\":%d,\"aborted\":%d,\"uncertain\":%d,\"seconds\":%.2f}%n", sent,
        acknowledged.get(), aborted.get(), uncertain.get(), (System.nanoTime() - started) / 1e9);
  }

  private void openProducers() throws Exception {
    for (String codec : options.get("codecs").split(",")) {
      var properties = clientProperties();
      properties.put("compression.type", codec);
      properties.put("acks", "all");
      properties.put("enable.idempotence", "true");
      properties.putIfAbsent("linger.ms", "5");
      properties.putIfAbsent("batch.size", "65536");
      if (options.containsKey("transactional-id")) {
        properties.put("transactional.id", options.get("transactional-id") + "-" + codec);
      }
      var producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
      if (options.containsKey("transactional-id")) producer.initTransactions();
      producers.add(producer);
    }
  }

  private void createTopics() throws Exception {
    Map<String, String> configs = new HashMap<>();
    for (String pair : options.get("config").split(";")) {
      if (!pair.isEmpty()) configs.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
    }
    try (var admin = Admin.create(clientProperties())) {
      for (String topic : options.get("topics").split(",")) {
        var wanted = new NewTopic(topic, (int) number("partitions"), (short) number("replication")).configs(configs);
        try {
          admin.createTopics(List.of(wanted)).all().get();
        } catch (ExecutionException failed) {
          if (!(failed.getCause() instanceof TopicExistsException)) throw failed;
        }
      }
    }
  }

  private Properties clientProperties() throws Exception {
    var properties = new Properties();
    if (options.containsKey("properties")) {
      try (var in = Files.newInputStream(Path.of(options.get("properties")))) {
        properties.load(in);
      }
    }
    properties.put("bootstrap.servers", options.get("bootstrap"));
    return properties;
  }

  private long number(String name) {
    return Long.parseLong(options.get(name));
  }

  /** A record to be sent, with its digest. */
  private record Draft(ProducerRecord<byte[], byte[]> record, String digest) {
    void describe(RecordMetadata placed, StringBuilder into) {
      long offset = placed != null && placed.hasOffset() ? placed.offset() : -1;
      // A broker that sets append times answers with them.
      long timestamp = placed != null && placed.hasTimestamp() ? placed.timestamp() : record.timestamp();
      into.append(record.topic()).append(' ').append(record.partition()).append(' ').append(offset).append(' ')
          .append(digest).append(' ').append(timestamp).append('\n');
    }
  }

  /** What the records hold, from the seed alone but for the time of day. */
  private static class Contents {
    private final Random random;
    private final Fingerprint fingerprint = new Fingerprint();
    private final String[] topics;
    private final int partitions;
    private final String keys;
    private final double tombstones;
    private final int size;
    private final boolean isJson;
    private final int headers;
    private final long oldMs;

    Contents(Map<String, String> options, Random random) {
      this.random = random;
      topics = options.get("topics").split(",");
      partitions = Integer.parseInt(options.get("partitions"));
      keys = options.get("keys");
      tombstones = Double.parseDouble(options.get("tombstones"));
      size = Integer.parseInt(options.get("size"));
      isJson = options.get("values").equals("json");
      headers = Integer.parseInt(options.get("headers"));
      oldMs = Integer.parseInt(options.get("old-days")) * 86_400_000L;
    }

    Draft next(long index) {
      long turn = index / topics.length;
      byte[] key = null;
      int partition = (int) (turn % partitions);
      if (keys.equals("unique")) {
        key = text("key-" + index);
      } else if (!keys.equals("none")) {
        int number = random.nextInt(Integer.parseInt(keys));
        key = text("key-" + number);
        partition = number % partitions;
      }
      byte[] value = key != null && random.nextDouble() < tombstones ? null : isJson ? sensor(index) : noise();
      long timestamp = System.currentTimeMillis() - (oldMs == 0 ? 0 : (long) (random.nextDouble() * oldMs));
      var record = new ProducerRecord<>(topics[(int) (index % topics.length)], partition, timestamp, key, value);
      int count = headers == 0 ? 0 : random.nextInt(headers + 1);
      for (int i = 0; i < count; i++) {
        byte[] content = i % 4 == 3 ? null : text("value-" + random.nextInt(1000));
        record.headers().add(i % 3 == 2 ? "trace" : "header-" + i, content);
      }
      var digest = new StringBuilder(16);
      fingerprint.of(key, value, record.headers(), digest);
      return new Draft(record, digest.toString());
    }

    private byte[] noise() {
      byte[] value = new byte[size];
      random.nextBytes(value);
      return value;
    }

    private byte[] sensor(long index) {
      var json = new StringBuilder(size + 80);
      json.append("{\"sensor\":\"s-").append(random.nextInt(500)).append("\",\"sequence\":").append(index)
          .append(",\"celsius\":").append(random.nextInt(6000) / 100.0)
          .append(",\"humidity\":").append(random.nextInt(100)).append(",\"note\":\"");
      while (json.length() < size - 2) json.append("all is well; ");
      json.setLength(Math.max(size - 2, json.indexOf("\"note\":\"") + 8));
      return text(json.append("\"}").toString());
    }

    private static byte[] text(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
  }

  /** The same in RecordReader. */
  static class Fingerprint {
    private static final char[] HEX = "0123456789abcdef".toCharArray();
    private final MessageDigest digest = md5();
    private final byte[] length = new byte[4];

    static MessageDigest md5() {
      try {
        return MessageDigest.getInstance("MD5");
      } catch (java.security.NoSuchAlgorithmException impossible) {
        throw new IllegalStateException(impossible);
      }
    }

    void of(byte[] key, byte[] value, Iterable<Header> headers, StringBuilder into) {
      add(key);
      add(value);
      for (Header header : headers) {
        add(header.key().getBytes(StandardCharsets.UTF_8));
        add(header.value());
      }
      byte[] hash = digest.digest();
      for (int i = 0; i < 8; i++) into.append(HEX[(hash[i] >> 4) & 15]).append(HEX[hash[i] & 15]);
    }

    private void add(byte[] bytes) {
      int size = bytes == null ? -1 : bytes.length;
      for (int i = 0; i < 4; i++) length[i] = (byte) (size >> (24 - 8 * i));
      digest.update(length);
      if (bytes != null) digest.update(bytes);
    }
  }
}
