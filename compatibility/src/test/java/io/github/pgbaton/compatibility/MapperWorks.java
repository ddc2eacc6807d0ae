package io.github.pgbaton.compatibility;

import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.name;
import static org.jooq.impl.DSL.table;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.apache.ibatis.annotations.Insert;
import org.apache.ibatis.annotations.Param;
import org.apache.ibatis.annotations.Select;
import org.apache.ibatis.mapping.Environment;
import org.apache.ibatis.session.Configuration;
import org.apache.ibatis.session.ExecutorType;
import org.apache.ibatis.session.SqlSession;
import org.apache.ibatis.session.SqlSessionFactory;
import org.apache.ibatis.session.SqlSessionFactoryBuilder;
import org.apache.ibatis.transaction.jdbc.JdbcTransactionFactory;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.SQLDialect;
import org.jooq.Table;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.jooq.tools.jdbc.JDBCUtils;

/** jOOQ and MyBatis. */
final class MapperWorks {
    private static final int BATCH = 20;

    private MapperWorks() {}

    interface Notes {
        @Insert("INSERT INTO mybatis_note VALUES (#{attempt})")
        int add(@Param("attempt") String attempt);

        @Select("SELECT count(*) FROM mybatis_note WHERE attempt = #{attempt}")
        int count(@Param("attempt") String attempt);
    }

    static List<Work> all(Routes routes) throws SQLException {
        try (Connection connection = routes.pool().getConnection()) {
            Sql.run(connection, "CREATE TABLE IF NOT EXISTS jooq_note (attempt text, n int)");
            Sql.run(connection, "CREATE TABLE IF NOT EXISTS mybatis_note (attempt text)");
        }
        SQLDialect dialect = JDBCUtils.dialect(routes.url);
        if (dialect != SQLDialect.POSTGRES) {
            throw new AssertionError("jOOQ takes our URL for " + dialect);
        }
        DSLContext jooq = DSL.using(routes.pool(), dialect);
        Configuration configuration =
                new Configuration(new Environment("test", new JdbcTransactionFactory(), routes.pool()));
        configuration.addMapper(Notes.class);
        SqlSessionFactory mybatis = new SqlSessionFactoryBuilder().build(configuration);

        return List.of(
                new Work(
                        "jOOQ",
                        "a transaction with a nested one and `RETURNING`",
                        "jooq_note",
                        3,
                        attempt -> jooq(jooq, attempt)),
                new Work("MyBatis", "a session with a mapper", "mybatis_note", 2, attempt -> {
                    try (SqlSession session = mybatis.openSession()) {
                        Notes mapper = session.getMapper(Notes.class);
                        mapper.add(attempt.id());
                        int before = mapper.count(attempt.id());
                        attempt.middle();
                        mapper.add(attempt.id());
                        if (before != 1 || mapper.count(attempt.id()) != 2) {
                            throw new AssertionError("not what was written");
                        }
                        session.commit();
                    }
                }),
                new Work("MyBatis", "a batch session", "mybatis_note", BATCH, attempt -> {
                    try (SqlSession session = mybatis.openSession(ExecutorType.BATCH)) {
                        Notes mapper = session.getMapper(Notes.class);
                        for (int i = 0; i < BATCH; i++) {
                            if (i == BATCH / 2) {
                                session.flushStatements();
                                attempt.middle();
                            }
                            mapper.add(attempt.id());
                        }
                        session.commit();
                    }
                }));
    }

    private static void jooq(DSLContext jooq, Attempt attempt) {
        Table<?> notes = table(name("jooq_note"));
        Field<String> attempts = field(name("attempt"), SQLDataType.VARCHAR);
        Field<Integer> numbers = field(name("n"), SQLDataType.INTEGER);
        jooq.transaction(outer -> {
            int returned = outer.dsl()
                    .insertInto(notes, attempts, numbers)
                    .values(attempt.id(), 1)
                    .returningResult(numbers)
                    .fetchSingle()
                    .value1();
            outer.dsl()
                    .transaction(nested -> nested.dsl()
                            .insertInto(notes, attempts, numbers)
                            .values(attempt.id(), returned + 1)
                            .execute());
            attempt.middle();
            outer.dsl()
                    .insertInto(notes, attempts, numbers)
                    .values(attempt.id(), 3)
                    .execute();
            if (outer.dsl().fetchCount(notes, attempts.eq(attempt.id())) != 3) {
                throw new AssertionError("not what was written");
            }
        });
    }
}
