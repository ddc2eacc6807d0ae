package io.github.pgbaton.failover.matrix;

import io.github.pgbaton.config.BatonProperty;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What an application sees of each fault in each moment: the one table, which {@link FaultMatrixIT} holds the driver to and
 * which docs/failure-handling.md shows. A cell names SQLStates; {@code -} is nothing but perhaps a pause, {@code a,b} one of
 * them. An empty line or a missing cell fails the class.
 */
enum Matrix {
    /** As the driver is by itself, with a ledger. */
    WITH_REPLAY(Map.of("replay", "verified", "commitOutcome", "ledger"), """
            fault                         | con | pool | idle in tx | begin | read    | write   | read in tx | write in tx | stream  | commit  | short
            KILL_MEMBER                   | -   | -    | -          | -     | -       | 40003   | -          | -           | -       | -       | -
            KILL_POSTGRES                 | -   | -    | -          | -     | -       | 40003   | -          | -           | -       | -       | -
            FREEZE                        | -   | -    | -          | -     | -       | 40003   | -          | -           | -       | -       | -
            FREEZE_AND_THAW               | -   | -    | -          | -     | -       | 40003   | -          | -           | -       | -       | -
            ZOMBIE                        | -   | -    | -          | -     | -       | 40003   | -          | -           | -       | -       | -
            SWITCHOVER                    | -   | -    | -          | -     | -       | 40003   | -          | -           | -       | -       | -
            FAILOVER                      | -   | -    | -          | -     | -       | 40003   | -          | -           | -       | -       | -
            RESTART                       | -   | -    | -          | -     | -       | 40003   | -          | -           | -       | -       | -
            CLIENT_MEMBER_PARTITION       | -   | -    | -          | -     | -       | 40003   | -          | -           | -       | -       | -
            MEMBER_ETCD_PARTITION         | -   | -    | -          | -     | -       | 40003   | -          | -           | -       | -       | -
            ONE_ETCD_DOWN                 | -   | -    | -          | -     | -       | -       | -          | -           | -       | -       | -
            ETCD_LEADER_DOWN              | -   | -    | -          | -     | -       | -,40003 | -          | -           | -       | -       | -
            ALL_ETCD_DOWN                 | -   | -    | -          | -     | -       | 40003   | -          | -           | -       | -       | -
            COMPACTION_WHILE_DISCONNECTED | -   | -    | -          | -     | -       | 40003   | -          | -           | -       | -       | -
            PAUSED                        | -   | -    | -          | -     | -       | -       | -          | -           | -       | -       | -
            FLAP                          | -   | -    | -          | -     | -       | 40003   | -          | -           | -       | -       | -
            """),
    WITHOUT_REPLAY(Map.of("replay", "off", "commitOutcome", "none"), """
            fault                         | con | pool | idle in tx | begin | read    | write   | read in tx | write in tx | stream  | commit  | short
            KILL_MEMBER                   | -   | -    | 40001      | -     | 40003   | 40003   | 40001      | 40001       | 40001   | 08007   | -,40001,08007
            KILL_POSTGRES                 | -   | -    | 40001      | -     | 40003   | 40003   | 40001      | 40001       | 40001   | 08007   | -,40001,08007
            FREEZE                        | -   | -    | 40001      | -     | 40003   | 40003   | 40001      | 40001       | 40001   | 08007   | -,40001,08007
            FREEZE_AND_THAW               | -   | -    | 40001      | -     | 40003   | 40003   | 40001      | 40001       | 40001   | 08007   | -,40001,08007
            ZOMBIE                        | -   | -    | 40001      | -     | 40003   | 40003   | 40001      | 40001       | 40001   | 08007   | -,40001,08007
            SWITCHOVER                    | -   | -    | 40001      | -     | 40003   | 40003   | 40001      | 40001       | 40001   | 08007   | -,40001,08007
            FAILOVER                      | -   | -    | 40001      | -     | 40003   | 40003   | 40001      | 40001       | 40001   | 08007   | -,40001,08007
            RESTART                       | -   | -    | 40001      | -     | 40003   | 40003   | 40001      | 40001       | 40001   | 08007   | -,40001,08007
            CLIENT_MEMBER_PARTITION       | -   | -    | 40001      | -     | 40003   | 40003   | 40001      | 40001       | 40001   | 08007   | -,40001,08007
            MEMBER_ETCD_PARTITION         | -   | -    | 40001      | -     | 40003   | 40003   | 40001      | 40001       | 40001   | 08007   | -,40001,08007
            ONE_ETCD_DOWN                 | -   | -    | -          | -     | -       | -       | -          | -           | -       | -       | -
            ETCD_LEADER_DOWN              | -   | -    | -,40001    | -     | -,40003 | -,40003 | -,40001    | -,40001     | -,40001 | -,08007 | -,40001,08007
            ALL_ETCD_DOWN                 | -   | -    | 40001      | -     | 40003   | 40003   | 40001      | 40001       | 40001   | 08007   | -,40001,08007
            COMPACTION_WHILE_DISCONNECTED | -   | -    | 40001      | -     | 40003   | 40003   | 40001      | 40001       | 40001   | 08007   | -,40001,08007
            PAUSED                        | -   | -    | -          | -     | -       | -       | -          | -           | -       | -       | -
            FLAP                          | -   | -    | 40001      | -     | 40003   | 40003   | 40001      | 40001       | 40001   | 08007   | -,40001,08007
            """);

    /** The SQLState of no error. */
    static final String NOTHING = "-";

    private final Map<String, String> properties;
    private final Map<Fault, Map<Moment, Set<String>>> cells = new EnumMap<>(Fault.class);

    Matrix(Map<String, String> properties, String table) {
        this.properties = properties;
        List<String> lines = table.lines().skip(1).toList();
        for (String line : lines) {
            List<String> columns =
                    Arrays.stream(line.split("\\|")).map(String::strip).toList();
            Moment[] moments = Moment.values();
            if (columns.size() != moments.length + 1) {
                throw new IllegalArgumentException("a cell is missing or too many: " + line);
            }
            Map<Moment, Set<String>> row = new EnumMap<>(Moment.class);
            for (Moment moment : moments) {
                row.put(
                        moment,
                        new LinkedHashSet<>(
                                Arrays.asList(columns.get(moment.ordinal() + 1).split(","))));
            }
            if (cells.put(Fault.valueOf(columns.get(0)), row) != null) {
                throw new IllegalArgumentException("twice: " + line);
            }
        }
        if (cells.size() != Fault.values().length) {
            throw new IllegalArgumentException("only " + cells.keySet());
        }
    }

    /** How the driver is configured for it; a property that it does not have yet is left out. */
    String[] properties() {
        return properties.entrySet().stream()
                .filter(property -> BatonProperty.of(property.getKey()) != null)
                .map(property -> property.getKey() + "=" + property.getValue())
                .toArray(String[]::new);
    }

    /** Whether a call of this moment is run again elsewhere, and so may last as long as the fault. */
    boolean runsAgain(Moment moment) {
        return moment == Moment.BEGINNING
                || (this == WITH_REPLAY && (moment.insideTransaction() || moment == Moment.READING));
    }

    /** What may be seen, each for itself; a moment of many calls may see several of them. */
    Set<String> cell(Fault fault, Moment moment) {
        return cells.get(fault).get(moment);
    }
}
