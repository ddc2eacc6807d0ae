package io.github.pgbaton.scripted;

import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;

/**
 * Input that nobody would write on purpose, the same for the same seed; a failure names its seed, and
 * {@code -Dpgbaton.fuzz.seed=N} runs that one alone.
 */
public final class Fuzz {
    private static final String PROPERTY = "pgbaton.fuzz.seed";

    private static final List<String> WORDS = List.of(
            "null",
            "true",
            "-1",
            "1e999999999",
            "99999999999999999999",
            "2147483647",
            "\"\"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"wizard\"",
            "[]",
            "{}",
            "[[1]]",
            "[",
            "}",
            ",",
            "\u0007",
            "\n",
            "\ufffd",
            "\ud800");

    private Fuzz() {}

    /** What a test does with one seed. */
    public interface Body {
        void run(Random random) throws Exception;
    }

    /** The seeds from 0 on, or the one that was asked for. */
    public static LongStream seeds(int count) {
        String one = System.getProperty(PROPERTY);
        return one == null ? LongStream.range(0, count) : LongStream.of(Long.parseLong(one));
    }

    public static void with(long seed, Body body) {
        try {
            body.run(new Random(seed));
        } catch (Exception | AssertionError e) {
            throw new AssertionError("seed " + seed + " failed; run it again with -D" + PROPERTY + "=" + seed, e);
        }
    }

    /** Cut, with a word in the place of another, grown out of all proportion, or with a few characters changed. */
    public static String damaged(Random random, String text) {
        StringBuilder damaged = new StringBuilder(text);
        for (int n = random.nextInt(3) + 1; n > 0; n--) {
            int at = random.nextInt(damaged.length() + 1);
            switch (random.nextInt(8)) {
                case 0 -> damaged.setLength(at);
                case 1 -> damaged.insert(at, word(random));
                case 2 -> damaged.replace(at, Math.min(damaged.length(), at + random.nextInt(12)), word(random));
                case 3 -> replaceValue(random, damaged);
                case 4 ->
                    damaged.insert(
                            at, String.valueOf((char) random.nextInt(0x10000)).repeat(random.nextInt(40)));
                case 5 -> damaged.insert(at, text);
                case 6 -> {
                    if (random.nextInt(20) == 0) {
                        damaged.insert(at, "[".repeat(1 << (10 + random.nextInt(8))));
                    }
                }
                default -> {
                    if (at < damaged.length()) {
                        damaged.setCharAt(at, (char) random.nextInt(256));
                    }
                }
            }
        }
        return damaged.toString();
    }

    private static String word(Random random) {
        return WORDS.get(random.nextInt(WORDS.size()));
    }

    /** A value of the wrong type behind some colon: still JSON, and so it gets further. */
    private static void replaceValue(Random random, StringBuilder text) {
        int colon = text.indexOf(":", random.nextInt(text.length() + 1));
        if (colon >= 0) {
            int end = colon + 1;
            while (end < text.length() && ",}]".indexOf(text.charAt(end)) < 0) {
                end++;
            }
            text.replace(colon + 1, end, word(random));
        }
    }
}
