import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Ordinary applications with the Java client: producers that send one record after the other until it is acknowledged,
 * and members of consumer groups that commit behind what they have read. See program.ts for the plan, the orders and the
 * lines, which the applications in other languages share.
 */
public class ClientApps {
  private static final long REST_MS = 100;
  private static final Duration CLOSE = Duration.ofMillis(1_000);

  private final Map<String, App> apps = new HashMap<>();

  public static void main(String[] args) throws Exception {
    var program = new ClientApps();
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      String[] words = line.split(" ", 4);
      if (words[0].equals("set")) program.apps.get(words[1]).properties.put(words[2], words[3]);
      else program.apps.put(words[1], program.new App(words[1], words[2], words[3]));
    }
    for (var app : program.apps.values()) app.start();
    say("ready");
    var input = new BufferedReader(new InputStreamReader(System.in));
    for (String line = input.readLine(); line != null && !line.equals("end"); line = input.readLine()) {
      String[] words = line.split(" ");
      if (words[0].equals("start")) program.apps.get(words[1]).start();
      else program.apps.get(words[1]).stop();
    }
    Runtime.getRuntime().halt(0);
  }

  static synchronized void say(String line) {
    System.out.println(line);
  }

  private interface Run {
    void run() throws Exception;
  }

  private class App {
    final String name;
    final Properties properties = new Properties();
    private final String kind;
    private final String[] rest;
    private final Set<String> told = ConcurrentHashMap.newKeySet();
    private long number;
    private volatile boolean isStopping;
    private Thread thread;

    App(String name, String kind, String rest) {
      this.name = name;
      this.kind = kind;
      this.rest = rest.split(" ");
    }

    void start() {
      isStopping = false;
      thread = new Thread(() -> {
        // As a supervisor does: one that has died is started again, unless it is left alone.
        do {
          try {
            if (kind.equals("producer")) produce();
            else consume();
          } catch (Throwable error) {
            tell(error);
          }
          rest();
        } while (!isStopping && !properties.containsKey("app.alone"));
        say((isStopping ? "stopped " : "died ") + name);
      }, name);
      thread.setDaemon(true);
      thread.start();
    }

    void stop() {
      boolean isRunning = thread != null && thread.isAlive();
      isStopping = true;
      if (!isRunning) say("stopped " + name);
    }

    private void produce() throws Exception {
      var producer = new KafkaProducer<>(own(), new StringSerializer(), new StringSerializer());
      try {
        int partitions = Integer.parseInt(rest[1]);
        while (!isStopping) {
          String id = name + "-" + number;
          try {
            var placed = await(producer, new ProducerRecord<>(rest[0], (int) (number % partitions), id, id));
            if (placed == null) return;
            say("acked " + name + " " + place(placed.topic(), placed.partition(), placed.offset(), id));
            number++;
            Thread.sleep(Long.parseLong(rest[2]));
          } catch (ExecutionException failed) {
            tell(failed.getCause());
            boolean mayPass = failed.getCause() instanceof RetriableException
                || failed.getCause() instanceof TopicAuthorizationException;
            if (!mayPass && !properties.containsKey("app.alone")) return;
            rest();
          }
        }
      } finally {
        producer.close(CLOSE);
      }
    }

    /** Null where it is told to stop meanwhile: what became of the record stays unclear. */
    private RecordMetadata await(KafkaProducer<String, String> producer, ProducerRecord<String, String> record)
        throws Exception {
      var answer = producer.send(record);
      while (!isStopping) {
        try {
          return answer.get(REST_MS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException later) {
          // It is looked again whether to go on.
        }
      }
      return null;
    }

    private void consume() {
      var consumer = new KafkaConsumer<>(own(), new StringDeserializer(), new StringDeserializer());
      try {
        consumer.subscribe(List.of(rest[1].split(",")));
        while (!isStopping) {
          List<ConsumerRecord<String, String>> batch = new ArrayList<>();
          for (var record : consumer.poll(Duration.ofMillis(100))) batch.add(record);
          if (batch.isEmpty()) continue;
          String verdict = "unclear ";
          try {
            consumer.commitSync();
            verdict = "read ";
          } finally {
            for (var it : batch) say(verdict + name + " " + place(it.topic(), it.partition(), it.offset(), it.value()));
          }
        }
      } finally {
        consumer.close(CLOSE);
      }
    }

    private Properties own() {
      var own = new Properties();
      for (var entry : properties.entrySet()) {
        if (!entry.getKey().toString().startsWith("app.")) own.put(entry.getKey(), entry.getValue());
      }
      if (kind.equals("consumer")) own.put("group.id", rest[0]);
      return own;
    }

    private String place(String topic, int partition, long offset, String id) {
      return topic + " " + partition + " " + offset + " " + id + " " + System.currentTimeMillis();
    }

    private void tell(Throwable error) {
      String what = error.getClass().getSimpleName() + ": " + String.valueOf(error.getMessage()).replace('\n', ' ');
      if (told.add(error.getClass().getSimpleName())) say("trouble " + name + " " + what);
    }

    private void rest() {
      try {
        Thread.sleep(REST_MS);
      } catch (InterruptedException ended) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
