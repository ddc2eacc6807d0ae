package io.github.pgbaton.internal.sql;

/** An argument in SQL text, as far as its value can be told from it. */
public sealed interface Operand {

    /**
     * The value stands in the text.
     *
     * @param value without quotes
     */
    record Literal(String value) implements Operand {}

    /**
     * The value is bound.
     *
     * @param index of the parameter, from 1
     */
    record Bound(int index) implements Operand {}

    /** Only the server knows it. */
    record Computed() implements Operand {}
}
