package io.github.pgbaton.internal.replay;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A rolling 64-bit digest: equal inputs in equal order give equal digests, and two different rows the same one by chance
 * alone. Guards against change, not against an adversary. Stateless.
 */
final class Digest {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long FIRST = 0x9E3779B97F4A7C15L;
    private static final long SECOND = 0xC2B2AE3D27D4EB4FL;
    private static final long NULL = 0xD6E8FEB86659FD93L;

    private Digest() {}

    /** For a given digest no two values lead to the same one. */
    static long add(long digest, long value) {
        long mixed = digest ^ (value * FIRST);
        mixed = Long.rotateLeft(mixed, 29) * SECOND;
        return mixed ^ (mixed >>> 32);
    }

    /** The length is part of it, so that values cannot run into each other. */
    static long add(long digest, byte @Nullable [] value) {
        if (value == null) {
            return add(digest, NULL);
        }
        long mixed = add(digest, value.length);
        int at = 0;
        for (; at + Long.BYTES <= value.length; at += Long.BYTES) {
            mixed = add(mixed, (long) LONGS.get(value, at));
        }
        long rest = 0;
        for (; at < value.length; at++) {
            rest = rest << Byte.SIZE | value[at] & 0xFF;
        }
        return add(mixed, rest);
    }

    static long add(long digest, String value) {
        long mixed = add(digest, value.length());
        for (int i = 0; i < value.length(); i++) {
            mixed = add(mixed, value.charAt(i));
        }
        return mixed;
    }
}
