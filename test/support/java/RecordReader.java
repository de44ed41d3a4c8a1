import java.io.BufferedWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads every partition of some topics from its beginning to the end it had at the start, without a consumer group, and
 * writes one line a record, in offset order within a partition:
 *
 *   topic partition offset timestamp digest
 *
 * The digest is the first 16 hex digits of the MD5 of key, value and headers, nulls told apart from empty ones.
 * With --mode contents: the same line and key and value in base64, "-" for null.
 * With --mode summary: one line a partition, "topic partition beginning end records digest", the digest over all lines.
 *
 * Options: --bootstrap LIST --topics A,B --isolation read_committed|read_uncommitted --output FILE
 *          [--properties FILE] [--mode records|contents|summary] [--timeout-seconds 120]
 * Prints one line of JSON at the end. Exits with 1 where it is not done in time or a record can't be read.
 */
public class RecordReader {
  private final Map<String, String> options;
  private final Fingerprint fingerprint = new Fingerprint();
  private final long started = System.nanoTime();

  RecordReader(Map<String, String> options) throws Exception {
    this.options = options;
  }

  public static void main(String[] args) {
    try {
      new RecordReader(parse(args)).run();
      // The consumer leaves daemon threads only, but a stuck close must not keep the process.
      Runtime.getRuntime().halt(0);
    } catch (Throwable error) {
      error.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  static Map<String, String> parse(String[] args) {
    var options = new java.util.HashMap<String, String>(Map.of("mode", "records", "timeout-seconds", "120"));
    for (int i = 0; i + 1 < args.length; i += 2) options.put(args[i].replaceFirst("^--", ""), args[i + 1]);
    for (String name : List.of("bootstrap", "topics", "isolation", "output")) {
      if (!options.containsKey(name)) throw new IllegalArgumentException("--" + name + " is missing");
    }
    return options;
  }

  void run() throws Exception {
    long deadline = started + Long.parseLong(options.get("timeout-seconds")) * 1_000_000_000L;
    var properties = new Properties();
    if (options.containsKey("properties")) {
      try (var in = Files.newInputStream(Path.of(options.get("properties")))) {
        properties.load(in);
      }
    }
    properties.put("bootstrap.servers", options.get("bootstrap"));
    properties.put("isolation.level", options.get("isolation"));
    // A log start that moves while this reads is an error, not a reason to skip.
    properties.put("auto.offset.reset", "none");
    properties.put("enable.auto.commit", "false");
    properties.putIfAbsent("fetch.max.bytes", "67108864");
    properties.putIfAbsent("max.partition.fetch.bytes", "4194304");
    properties.put("max.poll.records", "20000");
    long timeoutMs = Long.parseLong(options.get("timeout-seconds")) * 1000;
    properties.putIfAbsent("default.api.timeout.ms", Long.toString(Math.min(timeoutMs, 30_000)));
    properties.putIfAbsent("request.timeout.ms", Long.toString(Math.min(timeoutMs, 30_000)));
    var plain = new ByteArrayDeserializer();
    try (var consumer = new KafkaConsumer<byte[], byte[]>(properties, plain, plain);
        var out = Files.newBufferedWriter(Path.of(options.get("output")))) {
      read(consumer, out, deadline);
    }
  }

  private void read(KafkaConsumer<byte[], byte[]> consumer, BufferedWriter out, long deadline) throws Exception {
    List<TopicPartition> partitions = new ArrayList<>();
    for (String topic : options.get("topics").split(",")) {
      var infos = consumer.partitionsFor(topic);
      if (infos == null || infos.isEmpty()) throw new IllegalStateException("topic " + topic + " does not exist");
      for (var info : infos) partitions.add(new TopicPartition(topic, info.partition()));
    }
    consumer.assign(partitions);
    Map<TopicPartition, Long> beginnings = consumer.beginningOffsets(partitions);
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
    boolean isSummary = options.get("mode").equals("summary");
    boolean hasContents = options.get("mode").equals("contents");
    Map<TopicPartition, Summary> summaries = new java.util.HashMap<>();
    for (var partition : partitions) summaries.put(partition, new Summary());
    Set<TopicPartition> open = new HashSet<>();
    for (var partition : partitions) {
      consumer.seek(partition, beginnings.get(partition));
      if (beginnings.get(partition) < ends.get(partition)) open.add(partition);
      else consumer.pause(List.of(partition));
    }
    long count = 0;
    var line = new StringBuilder(120);
    while (!open.isEmpty()) {
      if (System.nanoTime() > deadline) throw new IllegalStateException(unfinished(consumer, open, ends));
      var polled = consumer.poll(Duration.ofMillis(200));
      for (var partition : polled.partitions()) {
        long end = ends.get(partition);
        for (var record : polled.records(partition)) {
          if (record.offset() >= end) break;
          line.setLength(0);
          describe(record, line);
          if (hasContents) line.append(' ').append(encode(record.key())).append(' ').append(encode(record.value()));
          line.append('\n');
          if (isSummary) summaries.get(partition).add(line);
          else out.append(line);
          count++;
        }
      }
      // The position also moves over control records and aborted ones, which are never handed out.
      for (var partition : List.copyOf(open)) {
        if (consumer.position(partition) < ends.get(partition)) continue;
        open.remove(partition);
        consumer.pause(List.of(partition));
      }
    }
    if (isSummary) {
      for (var partition : partitions) {
        out.append(partition.topic()).append(' ').append(Integer.toString(partition.partition())).append(' ')
            .append(beginnings.get(partition).toString()).append(' ').append(ends.get(partition).toString()).append(' ')
            .append(summaries.get(partition).finish()).append('\n');
      }
    }
    System.out.printf(java.util.Locale.ROOT, "{\"records\":%d,\"partitions\":%d,\"seconds\":%.2f}%n", count,
        partitions.size(), (System.nanoTime() - started) / 1e9);
  }

  private void describe(ConsumerRecord<byte[], byte[]> record, StringBuilder line) {
    line.append(record.topic()).append(' ').append(record.partition()).append(' ').append(record.offset()).append(' ')
        .append(record.timestamp()).append(' ');
    fingerprint.of(record.key(), record.value(), record.headers(), line);
  }

  private static String encode(byte[] bytes) {
    return bytes == null ? "-" : java.util.Base64.getEncoder().encodeToString(bytes);
  }

  private static String unfinished(
      KafkaConsumer<?, ?> consumer, Set<TopicPartition> open, Map<TopicPartition, Long> ends) {
    var text = new StringBuilder("not done in time:");
    for (var partition : open) {
      text.append(' ').append(partition).append(" at ").append(consumer.position(partition)).append(" of ")
          .append(ends.get(partition));
    }
    return text.toString();
  }

  private static class Summary {
    private final MessageDigest digest = Fingerprint.md5();
    private long records;

    void add(CharSequence line) {
      records++;
      digest.update(line.toString().getBytes(StandardCharsets.UTF_8));
    }

    String finish() {
      return records + " " + java.util.HexFormat.of().formatHex(digest.digest(), 0, 8);
    }
  }

  /** The same in RecordProducer. */
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
