package io.github.pgbaton.internal.sql;

import java.util.ArrayList;
import java.util.List;

/** Reads the arguments of one call of a function; stateless. */
final class Arguments {
    private Arguments() {}

    /**
     * @param tokens of a statement
     * @param open where the parenthesis opens
     * @param parametersBefore how many parameters come before it
     * @return one operand for each argument
     */
    static List<Operand> of(List<Token> tokens, int open, int parametersBefore) {
        List<Operand> arguments = new ArrayList<>();
        List<Token> argument = new ArrayList<>();
        int parameter = parametersBefore;
        int depth = 0;
        for (int i = open; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            boolean closes = token.isSign(')');
            if (token.isSign('(')) {
                depth++;
            } else if (closes) {
                depth--;
            }
            boolean last = closes && depth == 0;
            if (last || (depth == 1 && token.isSign(','))) {
                if (!argument.isEmpty()) {
                    arguments.add(operand(argument, parameter));
                }
                parameter += (int) argument.stream()
                        .filter(t -> t.kind() == Token.Kind.PARAMETER)
                        .count();
                argument.clear();
            } else if (i > open) {
                argument.add(token);
            }
            if (last) {
                break;
            }
        }
        return arguments;
    }

    private static Operand operand(List<Token> argument, int parametersBefore) {
        Token first = argument.get(0);
        if (argument.size() == 2 && first.isSign('-') && argument.get(1).kind() == Token.Kind.NUMBER) {
            return new Operand.Literal("-" + argument.get(1).text());
        }
        // A cast behind it changes the type only: 'x'::text, ?::text.
        boolean alone = argument.size() == 1
                || (argument.size() == 4
                        && argument.get(1).isSign(':')
                        && argument.get(2).isSign(':'));
        if (!alone) {
            return new Operand.Computed();
        }
        return switch (first.kind()) {
            case STRING, NUMBER -> new Operand.Literal(first.text());
            // Numbered ones are not JDBC's, and PgJDBC binds none of them.
            case PARAMETER ->
                first.text().equals("?") ? new Operand.Bound(parametersBefore + 1) : new Operand.Computed();
            case WORD ->
                first.is("TRUE") || first.is("FALSE") ? new Operand.Literal(first.name()) : new Operand.Computed();
            default -> new Operand.Computed();
        };
    }
}
