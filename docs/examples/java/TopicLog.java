import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * What the topics of one log hold; nothing of it is believed before {@link Judgement} (formats.md 2 to 5).
 *
 * <p>Anybody may append to a topic, so a message is only a claim to an index, and a checkpoint counts only if the
 * log's own key has signed it.
 */
final class TopicLog {
    private static final long MOST_SIZE = (1L << 53) - 1;
    private static final Pattern DECIMAL = Pattern.compile("0|[1-9][0-9]{0,15}");

    /** A message that claims an index. fault: why no record key vouches for it, or "". */
    record Claim(Hash leaf, long offset, String fault) {}

    /** A checkpoint's owner dated it so. */
    record Dated(long seconds, long size) {}

    final String origin;
    final String checkpointTopic;
    long begins; // the first offset that retention has left
    long messages;
    long resent;
    final TreeMap<Long, Map<Hash, Claim>> claims = new TreeMap<>();
    final TreeMap<Long, Set<Hash>> roots = new TreeMap<>(); // by size, as signed
    final TreeSet<Dated> dates = new TreeSet<>(Comparator.comparingLong(Dated::seconds).thenComparingLong(Dated::size));
    private final Map<SignedNotes.Identity, SignedNotes.Key> keys;
    private final String jurisdiction;
    private final String family;

    TopicLog(String topic, Map<SignedNotes.Identity, SignedNotes.Key> keys) throws SignedNotes.CannotRun {
        Set<String> fitting = new HashSet<>();
        keys.forEach((identity, key) -> {
            boolean log = key.uses().stream().anyMatch(use -> use.role().equals("log"));
            if (log && topic.endsWith("." + String.join(".", lastTwo(identity.name())))) {
                fitting.add(identity.name());
            }
        });
        if (fitting.size() != 1) {
            throw new SignedNotes.CannotRun("vkeys name " + fitting.size() + " logs for the topic " + topic + ", not one");
        }
        this.origin = fitting.iterator().next();
        this.keys = keys;
        this.jurisdiction = lastTwo(origin)[0];
        this.family = lastTwo(origin)[1];
        this.checkpointTopic = topic.substring(0, topic.length() - family.length()) + "checkpoint";
        if (keys.values().stream().noneMatch(this::vouches)) {
            throw new SignedNotes.CannotRun("vkeys name no record key of " + jurisdiction);
        }
    }

    private static String[] lastTwo(String name) {
        String[] parts = name.split("/", -1);
        return Arrays.copyOfRange(parts, Math.max(0, parts.length - 2), parts.length);
    }

    private boolean vouches(SignedNotes.Key key) {
        return key.uses().contains(new SignedNotes.Use("record", jurisdiction, "*"))
            || key.uses().contains(new SignedNotes.Use("record", jurisdiction, family));
    }

    /** One message of the record topic: entry = value ‖ 0A 0A ‖ header "signature". A header that stands twice is none. */
    void take(long offset, byte[] value, Map<String, List<byte[]>> headers) {
        takeCheckpoint(only(headers, "checkpoint"));
        byte[] number = only(headers, "log-index");
        byte[] signature = only(headers, "signature");
        long index = number == null ? -1 : decimal(new String(number, StandardCharsets.ISO_8859_1));
        if (value == null || signature == null || index < 0 || value.length + 2 + signature.length > SignedNotes.MOST_BYTES) {
            return;
        }
        messages++;
        byte[] entry = SignedNotes.concat(SignedNotes.concat(value, new byte[] {'\n', '\n'}), signature);
        Hash leaf = Hash.of(leafHash(entry));
        Map<Hash, Claim> known = claims.computeIfAbsent(index, at -> new LinkedHashMap<>());
        if (known.containsKey(leaf)) {
            resent++;
        } else {
            known.put(leaf, new Claim(leaf, offset, faultOf(entry)));
        }
    }

    private static byte[] only(Map<String, List<byte[]>> headers, String name) {
        List<byte[]> values = headers.getOrDefault(name, List.of());
        return values.size() == 1 ? values.get(0) : null;
    }

    /** A record is signed by a record key of its own jurisdiction, and by none of another's. */
    private String faultOf(byte[] entry) {
        List<SignedNotes.Key> records;
        try {
            records = SignedNotes.open(entry, 16, keys).proven().stream().map(SignedNotes.Proven::key)
                .filter(key -> key.uses().stream().anyMatch(use -> use.role().equals("record"))).toList();
        } catch (SignedNotes.Unproven why) {
            return why.getMessage();
        }
        if (records.isEmpty()) {
            return "no known record key of " + jurisdiction + " has signed it";
        }
        return records.stream().allMatch(this::vouches) ? "" : "a record key of another log has signed it";
    }

    /** A note from either topic. What the log's own key has not signed is rubbish. */
    void takeCheckpoint(byte[] bytes) {
        try {
            SignedNotes.Note note = SignedNotes.open(bytes == null ? new byte[0] : bytes, 128, keys);
            String[] lines = note.text().split("\n", -1);
            List<SignedNotes.Proven> own = note.proven().stream().filter(each -> each.by().name().equals(origin)).toList();
            boolean signed = own.stream().anyMatch(each -> each.key().kind() == SignedNotes.ED25519);
            if (lines.length != 4 || !lines[0].equals(origin) || !lines[3].isEmpty() || !signed) {
                return;
            }
            long size = decimal(lines[1]);
            byte[] root = SignedNotes.unbase64(lines[2]);
            if (size < 0 || root.length != 32) {
                return;
            }
            roots.computeIfAbsent(size, each -> new HashSet<>()).add(Hash.of(root));
            own.stream().filter(each -> each.key().kind() == SignedNotes.COSIGNATURE)
                .forEach(each -> dates.add(new Dated(each.seconds(), size)));
        } catch (SignedNotes.Unproven rubbish) {
            return;
        }
    }

    /** Whether the owner has signed so many leaves, and something claims each index. */
    boolean reaches(long size) {
        return signedSize() >= size && claims.headMap(size).size() == size;
    }

    long signedSize() {
        return roots.isEmpty() ? 0 : roots.lastKey();
    }

    /** An integer in its one spelling, at most 2^53-1; else -1. */
    static long decimal(String text) {
        long number = DECIMAL.matcher(text).matches() ? Long.parseLong(text) : -1;
        return number <= MOST_SIZE ? number : -1;
    }

    // The Merkle tree (RFC 6962, SHA-256; formats.md 4)

    /** A hash, equal by content. */
    record Hash(String hex) {
        static Hash of(byte[] bytes) {
            return new Hash(HexFormat.of().formatHex(bytes));
        }

        byte[] bytes() {
            return HexFormat.of().parseHex(hex);
        }
    }

    static byte[] leafHash(byte[] entry) {
        return SignedNotes.sha256(SignedNotes.concat(new byte[] {0}, entry));
    }

    static byte[] nodeHash(byte[] left, byte[] right) {
        return SignedNotes.sha256(SignedNotes.concat(new byte[] {1}, SignedNotes.concat(left, right)));
    }

    /** A tree's right edge: the hashes of its complete subtrees, the largest first. */
    record Edge(List<Long> widths, List<byte[]> hashes) {
        Edge grown(List<Claim> leaves) {
            Edge edge = new Edge(new ArrayList<>(widths), new ArrayList<>(hashes));
            for (Claim claim : leaves) {
                long width = 1;
                byte[] top = claim.leaf().bytes();
                for (int last = edge.widths.size() - 1; last >= 0 && edge.widths.get(last) == width; last--) {
                    edge.widths.remove(last);
                    top = nodeHash(edge.hashes.remove(last), top);
                    width *= 2;
                }
                edge.widths.add(width);
                edge.hashes.add(top);
            }
            return edge;
        }

        Hash root() {
            int last = hashes.size() - 1;
            byte[] root = last < 0 ? SignedNotes.sha256(new byte[0]) : hashes.get(last);
            for (int at = last - 1; at >= 0; at--) {
                root = nodeHash(hashes.get(at), root);
            }
            return Hash.of(root);
        }
    }
}
