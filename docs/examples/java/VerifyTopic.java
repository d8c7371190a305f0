import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Check one record topic of the data-exchange gateway without the gateway: signatures, order, Merkle roots.
 *
 * <pre>
 * mvn -q compile
 * java -cp "target/classes:target/lib/*" VerifyTopic --bootstrap broker:9092 --topic jjj.sanhe.licence --vkeys vkeys.txt
 * </pre>
 *
 * <p>Options, words and exit codes are those of {@code verify_topic.py}: 0 clean, 1 a finding, 2 cannot run, 3 incomplete.
 */
public final class VerifyTopic {
    private static final Set<String> OPTIONS =
        Set.of("--bootstrap", "--topic", "--vkeys", "--until-size", "--wait", "--max-age", "--tls");
    private static final String USAGE =
        "usage: VerifyTopic --bootstrap HOST:PORT --topic TOPIC --vkeys FILE [--once] [--until-size N] [--wait S] [--max-age S] [--tls PEM]";

    private final TopicLog log;
    private final String topic;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final List<TopicPartition> places = new ArrayList<>();

    private VerifyTopic(TopicLog log, String topic, KafkaConsumer<byte[], byte[]> consumer) {
        this.log = log;
        this.topic = topic;
        this.consumer = consumer;
    }

    public static void main(String[] arguments) {
        System.setOut(new PrintStream(System.out, true, StandardCharsets.UTF_8)); // key names may be Chinese
        System.exit(run(arguments));
    }

    private static int run(String[] arguments) {
        try {
            Map<String, String> options = read(arguments);
            String topic = options.get("--topic");
            List<String> vkeys = Files.readAllLines(Path.of(options.get("--vkeys")));
            TopicLog log = new TopicLog(topic, SignedNotes.readVkeys(vkeys));
            long untilSize = Long.parseLong(options.getOrDefault("--until-size", "0"));
            long maxAge = Long.parseLong(options.getOrDefault("--max-age", "0"));
            Duration wait = Duration.ofSeconds(Long.parseLong(options.getOrDefault("--wait", "60")));
            boolean whole;
            try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties(options))) {
                VerifyTopic reader = new VerifyTopic(log, topic, consumer);
                reader.open();
                reader.readUntilSize(untilSize, System.nanoTime() + wait.toNanos());
                whole = reader.readToEnd(System.nanoTime() + wait.toNanos());
            }
            // A topic that was read in part would seem to lack what was only not read.
            Judgement.Report report = whole ? Judgement.of(log) : new Judgement.Report();
            if (!whole) {
                report.lacking.add("the end of the topic was not reached");
            }
            return conclude(log, report, untilSize, maxAge == 0 ? 0 : System.currentTimeMillis() / 1000 - maxAge);
        } catch (SignedNotes.CannotRun | IOException | KafkaException | NumberFormatException why) {
            System.err.println("cannot run: " + why.getMessage());
            return 2;
        }
    }

    private static Map<String, String> read(String[] arguments) throws SignedNotes.CannotRun {
        Map<String, String> options = new HashMap<>();
        for (int at = 0; at < arguments.length; at++) {
            if (arguments[at].equals("--once")) {
                continue; // to the present end: the default
            }
            if (!OPTIONS.contains(arguments[at]) || at + 1 == arguments.length) {
                throw new SignedNotes.CannotRun(USAGE);
            }
            options.put(arguments[at], arguments[++at]);
        }
        if (!options.keySet().containsAll(Set.of("--bootstrap", "--topic", "--vkeys"))) {
            throw new SignedNotes.CannotRun(USAGE);
        }
        return options;
    }

    private static Properties properties(Map<String, String> options) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", options.get("--bootstrap"));
        properties.put("key.deserializer", ByteArrayDeserializer.class.getName());
        properties.put("value.deserializer", ByteArrayDeserializer.class.getName());
        properties.put("enable.auto.commit", "false");
        properties.put("auto.offset.reset", "none");
        properties.put("isolation.level", "read_committed");
        properties.put("allow.auto.create.topics", "false");
        properties.put("default.api.timeout.ms", "30000");
        if (options.containsKey("--tls")) {
            properties.put("security.protocol", "SSL");
            properties.put("ssl.truststore.type", "PEM");
            properties.put("ssl.truststore.location", options.get("--tls"));
        }
        return properties;
    }

    private void open() throws SignedNotes.CannotRun {
        Set<String> topics = consumer.listTopics().keySet();
        if (!topics.contains(topic)) {
            throw new SignedNotes.CannotRun("the broker shows no topic " + topic);
        }
        // Checkpoints first: the leaves that they cover were sent before them.
        for (String each : List.of(log.checkpointTopic, topic)) {
            if (topics.contains(each)) {
                places.add(new TopicPartition(each, 0));
            }
        }
        consumer.assign(places);
        consumer.beginningOffsets(places).forEach((place, begins) -> {
            consumer.seek(place, begins);
            log.begins = place.topic().equals(topic) ? begins : log.begins;
        });
    }

    private void readUntilSize(long size, long deadline) {
        while (!log.reaches(size) && System.nanoTime() < deadline) {
            readSome();
        }
    }

    /** To the ends that the topics have now; whether that was done before the deadline. */
    private boolean readToEnd(long deadline) {
        Map<TopicPartition, Long> ends = new HashMap<>();
        places.forEach(place -> ends.putAll(consumer.endOffsets(List.of(place))));
        while (!places.stream().allMatch(place -> consumer.position(place) >= ends.get(place))) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            readSome();
        }
        return true;
    }

    private void readSome() {
        for (ConsumerRecord<byte[], byte[]> message : consumer.poll(Duration.ofMillis(200))) {
            if (message.topic().equals(topic)) {
                Map<String, List<byte[]>> headers = new HashMap<>();
                for (Header header : message.headers()) {
                    byte[] value = header.value() == null ? new byte[0] : header.value();
                    headers.computeIfAbsent(header.key(), name -> new ArrayList<>()).add(value);
                }
                log.take(message.offset(), message.value(), headers);
            } else {
                log.takeCheckpoint(message.value());
            }
        }
    }

    /** Print the report; the exit code. oldest: the least heartbeat in seconds that is fresh enough. */
    private static int conclude(TopicLog log, Judgement.Report report, long untilSize, long oldest) {
        if (log.roots.isEmpty()) {
            report.lacking.add("no checkpoint by this log's key has been seen");
        } else if (report.date < oldest) {
            report.lacking.add("the newest heartbeat of size " + report.verified + " is too old");
        }
        if (report.verified < untilSize) {
            report.lacking.add("size " + untilSize + " was not reached");
        }
        report.lines.forEach(System.out::println);
        report.lacking.forEach(what -> System.out.println("lacking  " + what));
        System.out.println("messages with an index " + log.messages + ", of them sent again " + log.resent);
        int code = report.findings > 0 ? 1 : report.lacking.isEmpty() ? 0 : 3;
        String word = Map.of(0, "clean", 1, "finding", 3, "incomplete").get(code);
        String dated = report.date == 0 ? "none" : Judgement.when(report.date);
        System.out.println(word + ": " + log.origin + " verified " + report.verified + " of " + log.signedSize()
            + " signed leaves, heartbeat " + dated);
        return code;
    }
}
