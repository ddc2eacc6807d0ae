package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.replay.Descriptions;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import io.github.pgbaton.internal.sql.Effects;
import io.github.pgbaton.internal.sql.Nextval;
import io.github.pgbaton.internal.sql.Operand;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.jdbc.PreferQueryMode;

/**
 * A prepared statement that outlives its session; made anew it is bound as it was, or refuses to run.
 *
 * <p>A parameter bound from a stream, a reader or a large object cannot be bound twice: after the session changed, running
 * the statement is 40001 until it is bound again.
 */
class BatonPreparedStatement extends ForwardingPreparedStatement {
    private final BoundParameters parameters = new BoundParameters(this);

    /** The base class's delegate in its type: a cast to an interface on each call is not free. */
    private PreparedStatement prepared;

    private @Nullable Effects effects;
    private @Nullable Operand sequence;
    private boolean sequenceKnown;

    BatonPreparedStatement(BatonConnection connection, StatementRequest request, PreparedStatement made) {
        super(connection, request, made);
        prepared = made;
    }

    @Override
    PreparedStatement delegate() {
        return prepared;
    }

    @Override
    PreparedStatement attached() throws SQLException {
        attach();
        return prepared;
    }

    @Override
    void restore(Statement made) throws SQLException {
        parameters.applyTo((PreparedStatement) made);
    }

    @Override
    void adopted(Statement made) {
        prepared = (PreparedStatement) made;
    }

    @Override
    final BoundParameters parameters() {
        return parameters;
    }

    @Override
    PreparedStatement sending(Run run) throws SQLException {
        running(textEffects());
        attach();
        checkLastDrawn(request.sql());
        closeSuperseded();
        parameters.check();
        if (parameters.rowReadOnce()) {
            denyStreams();
        }
        if (mayKeep()) {
            long bytes = RunStep.bytesOf(null, null) + parameters.rowBytes();
            if (fits(bytes)) {
                record(new RunStep(this, run, null, null, parameters.row(), List.of(), bytes)
                        .drawing(name(sequence())));
            }
        }
        if (session.wraps()) {
            wrap(batchTexts());
        }
        return prepared;
    }

    private @Nullable Operand sequence() {
        if (!sequenceKnown) {
            sequence = Nextval.of(request.sql());
            sequenceKnown = true;
        }
        return sequence;
    }

    private void denyStreams() {
        session.journal().deny("a parameter of it is a stream, a reader or a large object");
    }

    @Override
    long batchBytes() {
        return RunStep.bytesOf(null, null) + parameters.rowsBytes();
    }

    @Override
    RunStep batchStep(Run run, long bytes) {
        if (parameters.rowsReadOnce()) {
            denyStreams();
        }
        return new RunStep(this, run, null, null, parameters.rows(), List.of(), bytes);
    }

    @Override
    Effects batchEffects() {
        return textEffects();
    }

    @Override
    List<String> batchTexts() {
        return List.of(request.sql());
    }

    private Effects textEffects() {
        Effects known = effects;
        if (known == null) {
            known = Effects.of(request.sql());
            effects = known;
        }
        return known;
    }

    @Override
    final @Nullable String boundText(int index) {
        return parameters.text(index);
    }

    @Override
    void recoverRun(SQLException failure) throws SQLException {
        recoverExecution(failure, request.sql(), sentApart());
        parameters.loseStreams();
    }

    /** The text of a prepared statement is split always; as simple queries the parts share no transaction. */
    @Override
    boolean sentApart() {
        if (textEffects() == Effects.NONE || !Effects.several(request.sql())) {
            return false;
        }
        try {
            return prepared.getConnection().unwrap(PGConnection.class).getPreferQueryMode() == PreferQueryMode.SIMPLE;
        } catch (SQLException e) {
            return true;
        }
    }

    @Override
    void recoverBinding(SQLException failure, @Nullable Object value) throws SQLException {
        if (BoundParameters.isReadOnce(value)) {
            throw consumed(failure);
        }
        recover(failure);
    }

    /** For a large object PgJDBC calls functions of the server's while it binds. */
    final void boundOnce() {
        LargeObjects.called(session);
    }

    @Override
    SQLException consumed(SQLException failure) {
        boundOnce();
        try {
            session.recover(failure, CallKind.CATALOG, null);
        } catch (SQLException thrown) {
            return thrown;
        }
        SQLException refusal = Refusal.notRepeatable("the stream of a parameter");
        refusal.initCause(failure);
        return refusal;
    }

    @Override
    public @Nullable ResultSetMetaData getMetaData() throws SQLException {
        ResultSetMetaData columns = super.getMetaData();
        if (learns()) {
            learned(made -> Descriptions.digest(made.getMetaData()), Descriptions.digest(columns));
        }
        return columns;
    }

    @Override
    public ParameterMetaData getParameterMetaData() throws SQLException {
        ParameterMetaData described = super.getParameterMetaData();
        if (learns()) {
            learned(made -> Descriptions.digest(made.getParameterMetaData()), Descriptions.digest(described));
        }
        return described;
    }

    private boolean learns() throws SQLException {
        if (session.getAutoCommit() || !session.journal().recording()) {
            return false;
        }
        if (parameters.rowReadOnce()) {
            denyStreams();
        }
        return session.journal().recording();
    }

    /** Asks a statement for its description. */
    private interface Describing {
        long digest(PreparedStatement made) throws SQLException;
    }

    /** The types of the parameters are part of the question. */
    private void learned(Describing again, long digest) {
        BoundRows row = parameters.row();
        session.learned(
                on -> {
                    try (PreparedStatement made = (PreparedStatement) request.make(on)) {
                        row.bind(made);
                        return again.digest(made);
                    }
                },
                digest,
                parameters.rowBytes());
    }

    @Override
    public final void clearBatch() throws SQLException {
        super.clearBatch();
        parameters.clearBatch();
    }

    @Override
    void forgetResults() {
        super.forgetResults();
        if (recorded()) {
            // The steps have copies of their own.
            parameters.clearParameters();
            parameters.clearBatch();
            try {
                prepared.clearParameters();
            } catch (SQLException e) {
                // It was closed before.
            }
        }
    }

    @Override
    void checkBatch() throws SQLException {
        parameters.checkBatch();
    }

    @Override
    int batchSize() {
        return parameters.batchSize();
    }

    @Override
    String wholeBatchText() {
        return request.sql();
    }

    @Override
    void forgetBatch() {
        parameters.clearBatch();
    }
}
