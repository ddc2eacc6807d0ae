package io.github.pgbaton.driver;

import java.sql.Connection;
import java.sql.SQLException;

/** How a connection ends while another thread is inside a call on it. */
enum End {
    ABORT {
        @Override
        void of(Connection connection) throws SQLException {
            connection.abort(Runnable::run);
        }
    },
    CLOSE {
        @Override
        void of(Connection connection) throws SQLException {
            connection.close();
        }
    };

    abstract void of(Connection connection) throws SQLException;
}
