import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Verifier keys, and notes signed by them (C2SP signed-note, tlog-cosignature; formats.md 1, 3 and 5). */
final class SignedNotes {
    static final int ED25519 = 1;
    static final int COSIGNATURE = 4;
    static final int MOST_BYTES = 65_535;
    private static final long MOST_DATE = 253_402_300_799L; // the last second of the year 9999
    private static final Pattern LINE = Pattern.compile(
        "\u2014 ([^\\x00-\\x20+\\x85\\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+) ([A-Za-z0-9+/]+={0,2})");
    private static final byte[] X509_ED25519 = HexFormat.of().parseHex("302a300506032b6570032100");

    private SignedNotes() {}

    /** Why some bytes prove nothing. */
    static final class Unproven extends Exception {
        private static final long serialVersionUID = 1;

        Unproven(String why) {
            super(why);
        }
    }

    /** Why there is nothing to check, or nothing to check it with. */
    static final class CannotRun extends Exception {
        private static final long serialVersionUID = 1;

        CannotRun(String why) {
            super(why);
        }
    }

    /** Key name and key id (8 hex digits): together they say which key. */
    record Identity(String name, String id) {}

    /** One line of vkeys.txt without its key; family may be "*". */
    record Use(String role, String jurisdiction, String family) {}

    record Key(int kind, PublicKey key, Set<Use> uses) {}

    /** A line of a known key that holds; seconds: a cosignature's time, else 0. */
    record Proven(Identity by, Key key, long seconds) {}

    record Note(String text, List<Proven> proven) {}

    /** Padded base64 in its one spelling. */
    static byte[] unbase64(String text) throws Unproven {
        try {
            byte[] data = Base64.getDecoder().decode(text);
            if (data.length > 0 && Base64.getEncoder().encodeToString(data).equals(text)) {
                return data;
            }
        } catch (IllegalArgumentException broken) {
            // told below
        }
        throw new Unproven("its base64 is not canonical");
    }

    /** Lines {@code <role> <jurisdiction> <family or *> <name>+<key id>+<base64(type ‖ public key)>}. */
    static Map<Identity, Key> readVkeys(List<String> lines) throws CannotRun {
        Map<Identity, Key> keys = new LinkedHashMap<>();
        for (int number = 1; number <= lines.size(); number++) {
            String[] parts = lines.get(number - 1).split(" ", -1);
            String[] vkey = parts.length == 4 ? parts[3].split("\\+", 3) : new String[0];
            try {
                if (vkey.length != 3) {
                    throw new Unproven("");
                }
                byte[] material = unbase64(vkey[2]);
                byte[] named = concat((vkey[0] + "\n").getBytes(StandardCharsets.UTF_8), material);
                Identity identity = new Identity(vkey[0], HexFormat.of().formatHex(sha256(named), 0, 4));
                if (!identity.id().equals(vkey[1])) {
                    throw new CannotRun("vkeys line " + number + ": the key id does not fit the key");
                }
                if (material[0] == ED25519 || material[0] == COSIGNATURE) { // others prove nothing here
                    Key key = new Key(material[0], publicKey(Arrays.copyOfRange(material, 1, material.length)), new HashSet<>());
                    keys.putIfAbsent(identity, key);
                    keys.get(identity).uses().add(new Use(parts[0], parts[1], parts[2]));
                }
            } catch (GeneralSecurityException | Unproven wrong) {
                throw new CannotRun("vkeys line " + number + " is not: role jurisdiction family key");
            }
        }
        return keys;
    }

    private static PublicKey publicKey(byte[] raw) throws GeneralSecurityException {
        return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(concat(X509_ED25519, raw)));
    }

    /** Last blank line separates. Lines of unknown keys are passed over; one of a known key that fails spoils all. */
    static Note open(byte[] note, int mostLines, Map<Identity, Key> keys) throws Unproven {
        String all = utf8(note);
        int split = all.lastIndexOf("\n\n");
        if (note.length > MOST_BYTES || split < 1 || !all.endsWith("\n") || split + 2 == all.length()) {
            throw new Unproven("it is no signed note");
        }
        String text = all.substring(0, split + 1);
        String[] lines = all.substring(split + 2, all.length() - 1).split("\n", -1);
        if (lines.length > mostLines) {
            throw new Unproven("it is no signed note");
        }
        if (all.chars().anyMatch(each -> each < 0x20 && each != '\n')) {
            throw new Unproven("it has a control character");
        }
        List<Proven> proven = new ArrayList<>();
        for (String line : lines) {
            Matcher found = LINE.matcher(line);
            byte[] data = found.matches() ? unbase64(found.group(2)) : new byte[0];
            if (data.length <= 4) {
                throw new Unproven("a signature line has another form");
            }
            Identity identity = new Identity(found.group(1), HexFormat.of().formatHex(data, 0, 4));
            if (keys.containsKey(identity)) {
                proven.add(check(identity, keys.get(identity), text, Arrays.copyOfRange(data, 4, data.length)));
            }
        }
        return new Note(text, proven);
    }

    /** Type 01 signs the text; type 04 signs a header with the time, and the text. */
    private static Proven check(Identity by, Key key, String text, byte[] payload) throws Unproven {
        long seconds = 0;
        byte[] signature = payload;
        String signed = text;
        boolean holds = true;
        if (key.kind() == COSIGNATURE) {
            holds = payload.length > 8;
            seconds = holds ? ByteBuffer.wrap(payload).getLong() : 0;
            holds = holds && 0 < seconds && seconds <= MOST_DATE;
            signature = holds ? Arrays.copyOfRange(payload, 8, payload.length) : payload;
            signed = "cosignature/v1\ntime " + seconds + "\n" + text;
        }
        try {
            Signature verifier = Signature.getInstance("Ed25519");
            verifier.initVerify(key.key());
            verifier.update(signed.getBytes(StandardCharsets.UTF_8));
            holds = holds && verifier.verify(signature);
        } catch (GeneralSecurityException malformed) {
            holds = false;
        }
        if (!holds) {
            throw new Unproven("the signature by " + by.name() + " does not hold");
        }
        return new Proven(by, key, seconds);
    }

    static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    static byte[] concat(byte[] left, byte[] right) {
        byte[] both = Arrays.copyOf(left, left.length + right.length);
        System.arraycopy(right, 0, both, left.length, right.length);
        return both;
    }

    private static String utf8(byte[] bytes) throws Unproven {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException broken) {
            throw new Unproven("it is not UTF-8");
        }
    }
}
