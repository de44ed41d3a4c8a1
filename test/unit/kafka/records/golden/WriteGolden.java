import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes the golden files beside it: what the Java client and a real broker put on disk, and what the Java consumer
 * reads from it. Run once, against a fresh broker whose data folder this process can read:
 * java -cp CLASSPATH WriteGolden.java BOOTSTRAP DATA_FOLDER OUTPUT_FOLDER
 */
public class WriteGolden {
  static final long NOON = 1_700_000_000_000L;
  static String bootstrap;
  static Path dataFolder;
  static Path outputFolder;
  static Admin admin;

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    dataFolder = Path.of(args[1]);
    outputFolder = Path.of(args[2]);
    admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
      String topic = "small-" + codec;
      create(topic, Map.of());
      send(topic, Map.of("compression.type", codec), small(topic));
      save(topic);
    }
    for (String codec : List.of("gzip", "snappy", "lz4", "zstd")) {
      String topic = "large-" + codec;
      create(topic, Map.of());
      send(topic, Map.of("compression.type", codec), large(topic));
      save(topic);
    }
    create("log-append-time", Map.of("message.timestamp.type", "LogAppendTime"));
    send("log-append-time", Map.of("compression.type", "lz4"), small("log-append-time"));
    save("log-append-time");
    transactional();
    compacted();
    admin.close();
  }

  static List<ProducerRecord<byte[], byte[]>> small(String topic) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      byte[] key = i % 5 == 0 ? null : bytes("key-" + i);
      byte[] reading = bytes("{\"sensor\":" + i + ",\"celsius\":" + (i * 0.25) + "}");
      byte[] value = i % 7 == 0 ? null : i % 11 == 0 ? new byte[0] : reading;
      // Timestamps that run backwards, and one that needs more than 32 bits of delta.
      long timestamp = i == 20 ? NOON - 9_000_000_000L : NOON - i * 37L;
      var record = new ProducerRecord<>(topic, 0, timestamp, key, value);
      if (i % 3 == 0) record.headers().add("trace", bytes("t" + i)).add("trace", bytes("again"));
      if (i % 3 == 0) record.headers().add("", new byte[] {0, -1});
      if (i % 9 == 0) record.headers().add("gr\u00fc\u00dfe", null);
      records.add(record);
    }
    return records;
  }

  static List<ProducerRecord<byte[], byte[]>> large(String topic) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      byte[] value = new byte[70_000];
      for (int at = 0; at < value.length; at++) value[at] = (byte) (at / 37 * 31 + i);
      records.add(new ProducerRecord<>(topic, 0, NOON + i, bytes("large-" + i), value));
    }
    return records;
  }

  static void transactional() throws Exception {
    create("transactional", Map.of());
    var options = Map.<String, Object>of("transactional.id", "golden", "compression.type", "zstd");
    try (var producer = producer(options)) {
      producer.initTransactions();
      for (int txn = 0; txn < 4; txn++) {
        producer.beginTransaction();
        for (int i = 0; i < 3; i++) {
          producer.send(new ProducerRecord<>("transactional", 0, NOON + i, bytes("txn-" + txn), bytes("value-" + i)));
        }
        producer.flush();
        if (txn % 2 == 0) producer.commitTransaction();
        else producer.abortTransaction();
      }
    }
    // Commits and aborts are answered before their markers are in the log.
    var partition = new TopicPartition("transactional", 0);
    try (var consumer = consumer("read_committed")) {
      while (consumer.endOffsets(List.of(partition)).get(partition) < 16) Thread.sleep(50);
    }
    save("transactional");
  }

  /** Holes at the start, inside and at the end of batches, an emptied batch, and tombstones with a delete horizon. */
  static void compacted() throws Exception {
    create("compacted", Map.of("cleanup.policy", "compact", "min.cleanable.dirty.ratio", "0.01", "segment.ms", "1000",
        "delete.retention.ms", "86400000", "max.compaction.lag.ms", "1000"));
    var options = Map.<String, Object>of("compression.type", "lz4");
    send("compacted", options, keyed(new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 1));
    send("compacted", options, keyed(new int[] {0, 20, 2, 22, 4, 24, 6, 26, 9, 29}, 2));
    send("compacted", options, keyed(new int[] {40, 41, 42}, 3));
    send("compacted", options, keyed(new int[] {-1, -3, 30, 31, 29}, 4));
    send("compacted", options, keyed(new int[] {40, 41, 42}, 5));
    long before = segmentBytes("compacted");
    for (int i = 0; i < 60; i++) {
      Thread.sleep(1200);
      send("compacted", options, keyed(new int[] {50}, 10 + i));
      if (i > 8 && segmentBytes("compacted") < before + 2000) break;
    }
    Thread.sleep(5000);
    save("compacted");
  }

  static List<ProducerRecord<byte[], byte[]>> keyed(int[] numbers, int round) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int number : numbers) {
      byte[] value = number < 0 ? null : bytes("round " + round);
      long timestamp = NOON + round * 1000L + records.size();
      records.add(new ProducerRecord<>("compacted", 0, timestamp, bytes("k" + Math.abs(number)), value));
    }
    return records;
  }

  static void create(String topic, Map<String, String> configs) throws Exception {
    admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1).configs(configs))).all().get();
  }

  static KafkaProducer<byte[], byte[]> producer(Map<String, Object> options) {
    Map<String, Object> all = new LinkedHashMap<>(options);
    all.put("bootstrap.servers", bootstrap);
    all.put("linger.ms", 5000);
    all.put("batch.size", 1_000_000);
    return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
  }

  static KafkaConsumer<byte[], byte[]> consumer(String isolation) {
    var options = Map.<String, Object>of("bootstrap.servers", bootstrap, "isolation.level", isolation);
    return new KafkaConsumer<>(options, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  static void send(String topic, Map<String, Object> options, List<ProducerRecord<byte[], byte[]>> records)
      throws Exception {
    try (var producer = producer(options)) {
      List<Future<?>> answers = new ArrayList<>();
      for (var record : records) answers.add(producer.send(record));
      producer.flush();
      for (var answer : answers) answer.get();
    }
  }

  static byte[] segments(String topic) throws Exception {
    var bytes = new java.io.ByteArrayOutputStream();
    try (var files = Files.list(dataFolder.resolve(topic + "-0"))) {
      var segments = files.filter(file -> file.toString().endsWith(".log")).sorted().toList();
      for (Path segment : segments) bytes.write(Files.readAllBytes(segment));
    }
    return bytes.toByteArray();
  }

  static long segmentBytes(String topic) throws Exception {
    return segments(topic).length;
  }

  static void save(String topic) throws Exception {
    var json = new StringWriter();
    json.write("{\n  \"log\": \"" + Base64.getEncoder().encodeToString(segments(topic)) + "\",\n");
    json.write("  \"records\": [\n" + String.join(",\n", read(topic, "read_uncommitted")) + "\n  ],\n");
    json.write("  \"committed\": [\n" + String.join(",\n", read(topic, "read_committed")) + "\n  ]\n}\n");
    Files.writeString(outputFolder.resolve(topic + ".json"), json.toString());
  }

  static List<String> read(String topic, String isolation) throws Exception {
    List<String> lines = new ArrayList<>();
    try (var consumer = consumer(isolation)) {
      var partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        for (var record : consumer.poll(Duration.ofMillis(200))) lines.add(describe(record));
      }
    }
    return lines;
  }

  static String describe(ConsumerRecord<byte[], byte[]> record) throws Exception {
    List<String> headers = new ArrayList<>();
    for (Header header : record.headers()) headers.add("[\"" + header.key() + "\", " + base64(header.value()) + "]");
    byte[] value = record.value();
    String shown = value != null && value.length > 200
        ? "\"sha256:" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(value)) + "\""
        : base64(value);
    return "    { \"offset\": " + record.offset() + ", \"timestamp\": " + record.timestamp()
        + ", \"key\": " + base64(record.key())
        + ", \"value\": " + shown + ", \"headers\": [" + String.join(", ", headers) + "] }";
  }

  static String base64(byte[] bytes) {
    return bytes == null ? "null" : "\"" + Base64.getEncoder().encodeToString(bytes) + "\"";
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
