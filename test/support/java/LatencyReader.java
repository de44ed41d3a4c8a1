import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads every partition of a topic from its end on, for some seconds, and tells how old records are when they are read:
 * the wall clock of this machine less the record's own timestamp. Only sound where the producer runs on this machine.
 *
 * Options: --bootstrap LIST --topic T --seconds N --warm-up N (seconds that are not counted, in which this program is
 * compiled: they would make the last hundredth of a short measurement)
 * Prints one line of JSON at the end: records, p50, p99 and max in milliseconds.
 */
public class LatencyReader {
  private static final int LONGEST_MS = 600_000;

  public static void main(String[] args) {
    try {
      run(parse(args));
      Runtime.getRuntime().halt(0);
    } catch (Throwable error) {
      error.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  static Map<String, String> parse(String[] args) {
    var options = new HashMap<String, String>();
    for (int i = 0; i + 1 < args.length; i += 2) options.put(args[i].replaceFirst("^--", ""), args[i + 1]);
    for (String name : List.of("bootstrap", "topic", "seconds", "warm-up")) {
      if (!options.containsKey(name)) throw new IllegalArgumentException("--" + name + " is missing");
    }
    return options;
  }

  static void run(Map<String, String> options) {
    var properties = new Properties();
    properties.put("bootstrap.servers", options.get("bootstrap"));
    properties.put("enable.auto.commit", "false");
    properties.put("max.poll.records", "20000");
    var plain = new ByteArrayDeserializer();
    int[] counts = new int[LONGEST_MS + 1];
    int records = 0;
    try (var consumer = new KafkaConsumer<byte[], byte[]>(properties, plain, plain)) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (var info : consumer.partitionsFor(options.get("topic"))) {
        partitions.add(new TopicPartition(info.topic(), info.partition()));
      }
      if (partitions.isEmpty()) throw new IllegalStateException("topic " + options.get("topic") + " does not exist");
      consumer.assign(partitions);
      consumer.seekToEnd(partitions);
      for (var partition : partitions) consumer.position(partition);
      long begin = System.nanoTime() + Long.parseLong(options.get("warm-up")) * 1_000_000_000L;
      long end = begin + Long.parseLong(options.get("seconds")) * 1_000_000_000L;
      while (System.nanoTime() < end) {
        for (var record : consumer.poll(Duration.ofMillis(50))) {
          if (System.nanoTime() < begin) continue;
          long age = Math.max(0, System.currentTimeMillis() - record.timestamp());
          counts[(int) Math.min(LONGEST_MS, age)]++;
          records++;
        }
      }
    }
    System.out.printf(Locale.ROOT, "{\"records\":%d,\"p50\":%d,\"p99\":%d,\"max\":%d}%n", records,
        percentile(counts, records, 0.5), percentile(counts, records, 0.99), percentile(counts, records, 1));
  }

  static int percentile(int[] counts, int records, double share) {
    long seen = 0;
    for (int ms = 0; ms < counts.length; ms++) {
      seen += counts[ms];
      if (seen >= share * records && seen > 0) return ms;
    }
    return 0;
  }
}
