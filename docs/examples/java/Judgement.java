import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Is everything there that the owner has signed, in its order, each record signed? (formats.md 6 and 7.) */
final class Judgement {
    private static final int MOST_TRIES = 4096; // arrangements tried where several messages claim one index
    private static final int MOST_HASHES = 2_000_000; // spent on finding out which two leaves were swapped

    private Judgement() {}

    /** lines to print, findings of them bad; lacking: what keeps it from being complete. */
    static final class Report {
        final List<String> lines = new ArrayList<>();
        final List<String> lacking = new ArrayList<>();
        int findings;
        long verified; // leaves under signed roots
        long date; // the newest heartbeat of exactly that size in seconds, or 0

        void find(String what, String told) {
            lines.add(String.format("%-8s %s", what, told));
            findings++;
        }
    }

    /** Leaf by leaf in index order, root by root in rising sizes; each signed size ends a window of leaves. */
    static Report of(TopicLog log) {
        Report report = new Report();
        judgeStatements(log, report);
        TopicLog.Edge edge = new TopicLog.Edge(List.of(), List.of());
        Set<TopicLog.Hash> used = new HashSet<>();
        Set<Long> sizes = new TreeSet<>(log.roots.keySet());
        sizes.add(0L);
        long start = 0;
        long[] newest = {-1};
        for (long size : sizes) {
            List<Long> indexes = new ArrayList<>(log.claims.subMap(start, size).keySet());
            // Signed ones first, those that stand in the log already last, else in the order of the topic.
            Comparator<TopicLog.Claim> order = Comparator.comparing((TopicLog.Claim each) -> !each.fault().isEmpty())
                .thenComparing(each -> used.contains(each.leaf())).thenComparingLong(TopicLog.Claim::offset);
            List<List<TopicLog.Claim>> options = indexes.stream()
                .map(at -> log.claims.get(at).values().stream().sorted(order).toList()).toList();
            List<TopicLog.Claim> first = new ArrayList<>(options.stream().map(each -> each.get(0)).toList());
            Set<TopicLog.Hash> signed = log.roots.getOrDefault(size, Set.of(new TopicLog.Edge(List.of(), List.of()).root()));
            boolean whole = report.verified == start && indexes.size() == size - start;
            List<TopicLog.Claim> picked = whole ? pick(edge, options, signed) : null;
            if (picked != null) {
                tellOrder(report, picked, start, newest);
            } else if (whole) {
                picked = unswap(edge, new ArrayList<>(first), signed, start, report);
            }
            int before = report.findings;
            if (log.begins > 0 && picked == null) { // a stranger may have put it where retention has deleted the owner's
                indexes = held(indexes, first);
            } else {
                tellForged(report, indexes, picked == null ? first : picked);
            }
            boolean forged = report.findings > before;
            tellMissing(log.begins, report, start, size, indexes);
            if (picked != null) {
                edge = edge.grown(picked);
                report.verified = size;
                picked.forEach(each -> used.add(each.leaf()));
            } else if (whole && !forged) {
                report.find("root", span(start, size) + ": nothing that the topic holds gives the root of size " + size);
            }
            start = size;
        }
        log.dates.stream().filter(each -> each.size() == report.verified).forEach(each -> report.date = each.seconds());
        return report;
    }

    /** Two signed statements that can't both be true are a fork, whatever the leaves are. */
    private static void judgeStatements(TopicLog log, Report report) {
        log.roots.forEach((size, signed) -> {
            if (signed.size() > 1) {
                report.find("fork", "size " + size + ": the owner has signed " + signed.size() + " roots");
            }
        });
        long highest = 0;
        for (TopicLog.Dated each : log.dates) {
            if (each.size() < highest) {
                report.find("fork", "size " + each.size() + ": dated " + when(each.seconds()) + ", after size " + highest);
            }
            highest = Math.max(highest, each.size());
        }
    }

    /** One message for each index so that the root fits; normally the first that is tried. The last index turns fastest. */
    private static List<TopicLog.Claim> pick(TopicLog.Edge edge, List<List<TopicLog.Claim>> options, Set<TopicLog.Hash> signed) {
        int[] turned = new int[options.size()];
        for (int tries = 0; tries < MOST_TRIES; tries++) {
            List<TopicLog.Claim> tried = new ArrayList<>();
            for (int at = 0; at < turned.length; at++) {
                tried.add(options.get(at).get(turned[at]));
            }
            if (signed.contains(edge.grown(tried).root())) {
                return tried;
            }
            int at = turned.length - 1;
            while (at >= 0 && turned[at] + 1 == options.get(at).size()) {
                turned[at--] = 0;
            }
            if (at < 0) {
                return null;
            }
            turned[at]++;
        }
        return null;
    }

    /** Whether the root fits once two leaves are exchanged; near pairs are tried first. */
    private static List<TopicLog.Claim> unswap(TopicLog.Edge edge, List<TopicLog.Claim> order, Set<TopicLog.Hash> signed, long start, Report report) {
        int tries = MOST_HASHES / Math.max(1, order.size());
        for (int apart = 1; apart < order.size(); apart++) {
            for (int one = 0; one + apart < order.size() && tries-- > 0; one++) {
                Collections.swap(order, one, one + apart);
                if (signed.contains(edge.grown(order).root())) {
                    report.find("swapped", "leaves " + (start + one) + " and " + (start + one + apart)
                        + ": each bears the index of the other");
                    return order;
                }
                Collections.swap(order, one, one + apart);
            }
        }
        return null;
    }

    /** The indexes whose claim is signed as it should be. */
    private static List<Long> held(List<Long> indexes, List<TopicLog.Claim> chosen) {
        List<Long> found = new ArrayList<>();
        for (int at = 0; at < chosen.size(); at++) {
            if (chosen.get(at).fault().isEmpty()) {
                found.add(indexes.get(at));
            }
        }
        return found;
    }

    private static void tellForged(Report report, List<Long> indexes, List<TopicLog.Claim> chosen) {
        for (int at = 0; at < chosen.size(); at++) {
            TopicLog.Claim each = chosen.get(at);
            if (!each.fault().isEmpty()) {
                report.find("forged", "leaf " + indexes.get(at) + " (offset " + each.offset() + "): " + each.fault());
            }
        }
    }

    /** Indexes that the owner has signed and no message bears; no finding where retention may have deleted them. */
    private static void tellMissing(long begins, Report report, long start, long size, List<Long> indexes) {
        List<Long> ends = new ArrayList<>(indexes);
        ends.add(size);
        long next = start;
        for (long index : ends) {
            if (index > next && begins > 0) {
                report.lacking.add(span(next, index) + ": deleted by retention, or dropped; begin from tiles");
            } else if (index > next) {
                report.find("dropped", span(next, index) + ": no message, though the owner has signed size " + size);
            }
            next = index + 1;
        }
    }

    /** Another order in the topic is worth a word and harmless: the index counts, an offset never does. */
    private static void tellOrder(Report report, List<TopicLog.Claim> picked, long start, long[] newest) {
        for (int at = 0; at < picked.size(); at++) {
            long offset = picked.get(at).offset();
            if (offset < newest[0]) {
                report.lines.add("note     leaf " + (start + at) + " (offset " + offset + ") came before a leaf of lower index");
            }
            newest[0] = Math.max(newest[0], offset);
        }
    }

    private static String span(long start, long stop) {
        return start + 1 == stop ? "leaf " + start : "leaves " + start + " to " + (stop - 1);
    }

    static String when(long seconds) {
        return Instant.ofEpochSecond(seconds).toString();
    }
}
