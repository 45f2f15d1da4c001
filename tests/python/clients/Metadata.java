import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

import org.postgresql.PGConnection;

/**
 * Reads all metadata of the warehouse through PostgreSQL's JDBC driver, as tools that are built on it do, and checks the figures.
 *
 * <p>Arguments: the address, the user, the password. It makes a schema of its own and takes it away again. The last line it prints is the
 * number of checks; a check that fails ends it.
 */
public final class Metadata {
    private static final String SCHEMA = "jdbc_metadata";
    private static int checks;

    private Metadata() {}

    public static void main(String[] arguments) throws SQLException, java.io.IOException {
        try (Connection connection = DriverManager.getConnection(arguments[0], arguments[1], arguments[2])) {
            run(connection, "DROP SCHEMA IF EXISTS " + SCHEMA + " CASCADE");
            run(connection, "CREATE SCHEMA " + SCHEMA);
            try {
                make(connection);
                DatabaseMetaData metadata = connection.getMetaData();
                server(metadata);
                relations(metadata);
                columns(metadata);
                keys(metadata);
                types(metadata);
                rest(metadata);
                session(connection);
                values(connection);
            } finally {
                run(connection, "DROP SCHEMA " + SCHEMA + " CASCADE");
            }
        }
        System.out.println(checks + " checks");
    }

    private static void make(Connection connection) throws SQLException {
        run(connection, "CREATE TABLE " + SCHEMA + ".parent (id int NOT NULL PRIMARY KEY, code varchar(12) NOT NULL UNIQUE,"
                + " rate numeric(7,3) DEFAULT 1.5, made timestamp)");
        run(connection, "CREATE TABLE " + SCHEMA + ".child (number bigint, parent int REFERENCES " + SCHEMA + ".parent (id))");
        run(connection, "CREATE VIEW " + SCHEMA + ".codes AS SELECT code FROM " + SCHEMA + ".parent");
        run(connection, "COMMENT ON TABLE " + SCHEMA + ".parent IS 'the parents'");
        run(connection, "COMMENT ON COLUMN " + SCHEMA + ".parent.rate IS 'their rate'");
        run(connection, "INSERT INTO " + SCHEMA + ".parent VALUES (1, 'a', 2.25, '2024-02-29 12:34:56.789'), (2, 'b', -0.5, NULL)");
    }

    private static void server(DatabaseMetaData metadata) throws SQLException {
        same("product", "PostgreSQL 8.0.2", metadata.getDatabaseProductName() + " " + metadata.getDatabaseProductVersion());
        same("catalogs", List.of("bankdm"), column(metadata.getCatalogs(), "TABLE_CAT"));
        List<String> schemas = column(metadata.getSchemas(), "TABLE_SCHEM");
        for (String schema : List.of("dm", "public", "pg_catalog", "information_schema", "athena", SCHEMA)) {
            same("schema " + schema, true, schemas.contains(schema));
        }
        same("one schema", List.of("dm"), column(metadata.getSchemas(null, "dm"), "TABLE_SCHEM"));
        same("length of names", 127, metadata.getMaxColumnNameLength());
        same("kinds of tables", true, column(metadata.getTableTypes(), "TABLE_TYPE").containsAll(List.of("TABLE", "VIEW", "SYSTEM TABLE")));
    }

    private static void relations(DatabaseMetaData metadata) throws SQLException {
        String[] kinds = {"TABLE", "VIEW"};
        same("tables and views", List.of("TABLE child null", "TABLE parent the parents", "VIEW codes null"),
                rows(metadata.getTables(null, SCHEMA, "%", kinds), "TABLE_TYPE", "TABLE_NAME", "REMARKS"));
        same("views", List.of("codes"), column(metadata.getTables(null, SCHEMA, "%", new String[] {"VIEW"}), "TABLE_NAME"));
        same("indexes are listed too", List.of("parent_code_key", "parent_pkey"),
                column(metadata.getTables(null, SCHEMA, "%", new String[] {"INDEX"}), "TABLE_NAME"));
        same("the system's own", List.of("SYSTEM TABLE pg_class"),
                rows(metadata.getTables(null, "pg_catalog", "pg_class", new String[] {"SYSTEM TABLE"}), "TABLE_TYPE", "TABLE_NAME"));
        same("all of the demonstration", List.of("TABLE data"),
                rows(metadata.getTables(null, "dm", "data", kinds), "TABLE_TYPE", "TABLE_NAME"));
    }

    private static void columns(DatabaseMetaData metadata) throws SQLException {
        List<String> expected = List.of(
                "1 id " + Types.INTEGER + " int4 10 0 NO null null",
                "2 code " + Types.VARCHAR + " varchar 12 0 NO null null",
                "3 rate " + Types.NUMERIC + " numeric 7 3 YES 1.5 their rate",
                "4 made " + Types.TIMESTAMP + " timestamp 29 6 YES null null");
        same("columns", expected, rows(metadata.getColumns(null, SCHEMA, "parent", "%"), "ORDINAL_POSITION", "COLUMN_NAME", "DATA_TYPE",
                "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS", "IS_NULLABLE", "COLUMN_DEF", "REMARKS"));
        same("columns of the view", List.of("code 12"), rows(metadata.getColumns(null, SCHEMA, "codes", null), "COLUMN_NAME", "COLUMN_SIZE"));
        same("columns of the demonstration", 21, column(metadata.getColumns(null, "dm", "data", "%"), "COLUMN_NAME").size());
        same("one column", List.of("age"), column(metadata.getColumns(null, "dm", "data", "age"), "COLUMN_NAME"));
        same("columns of everything", true, column(metadata.getColumns(null, null, null, null), "COLUMN_NAME").size() > 100);
    }

    private static void keys(DatabaseMetaData metadata) throws SQLException {
        same("primary key", List.of("id 1 parent_pkey"),
                rows(metadata.getPrimaryKeys(null, SCHEMA, "parent"), "COLUMN_NAME", "KEY_SEQ", "PK_NAME"));
        same("no primary key", List.of(), rows(metadata.getPrimaryKeys(null, SCHEMA, "child"), "COLUMN_NAME"));
        List<String> foreign = List.of("parent id child parent 1 child_parent_fkey parent_pkey");
        String[] told = {"PKTABLE_NAME", "PKCOLUMN_NAME", "FKTABLE_NAME", "FKCOLUMN_NAME", "KEY_SEQ", "FK_NAME", "PK_NAME"};
        same("imported keys", foreign, rows(metadata.getImportedKeys(null, SCHEMA, "child"), told));
        same("exported keys", foreign, rows(metadata.getExportedKeys(null, SCHEMA, "parent"), told));
        same("keys between two tables", foreign, rows(metadata.getCrossReference(null, SCHEMA, "parent", null, SCHEMA, "child"), told));
        same("indexes", List.of("f parent_code_key 1 code", "f parent_pkey 1 id"),
                rows(metadata.getIndexInfo(null, SCHEMA, "parent", false, true), "NON_UNIQUE", "INDEX_NAME", "ORDINAL_POSITION", "COLUMN_NAME"));
        same("what a row is known by", List.of("id int4"), rows(
                metadata.getBestRowIdentifier(null, SCHEMA, "parent", DatabaseMetaData.bestRowSession, true), "COLUMN_NAME", "TYPE_NAME"));
    }

    private static void types(DatabaseMetaData metadata) throws SQLException {
        List<String> types = rows(metadata.getTypeInfo(), "TYPE_NAME", "DATA_TYPE");
        for (String type : List.of("int4 " + Types.INTEGER, "varchar " + Types.VARCHAR, "numeric " + Types.NUMERIC, "bool " + Types.BIT,
                "date " + Types.DATE, "timestamp " + Types.TIMESTAMP, "_text " + Types.ARRAY)) {
            same("type " + type, true, types.contains(type));
        }
        same("no types of users", List.of(), column(metadata.getUDTs(null, SCHEMA, "%", null), "TYPE_NAME"));
    }

    private static void rest(DatabaseMetaData metadata) throws SQLException {
        same("no functions", List.of(), column(metadata.getFunctions(null, SCHEMA, "%"), "FUNCTION_NAME"));
        same("no columns of functions", List.of(), column(metadata.getFunctionColumns(null, SCHEMA, "%", "%"), "COLUMN_NAME"));
        same("no procedures", List.of(), column(metadata.getProcedures(null, SCHEMA, "%"), "PROCEDURE_NAME"));
        same("no columns of procedures", List.of(), column(metadata.getProcedureColumns(null, SCHEMA, "%", "%"), "COLUMN_NAME"));
        TreeSet<String> privileges = new TreeSet<>(column(metadata.getTablePrivileges(null, SCHEMA, "parent"), "PRIVILEGE"));
        same("privileges", true, privileges.containsAll(List.of("DELETE", "INSERT", "SELECT", "UPDATE")));
        same("privileges on columns", true, column(metadata.getColumnPrivileges(null, SCHEMA, "parent", "code"), "PRIVILEGE").contains("SELECT"));
        same("versions of rows", true, rows(metadata.getVersionColumns(null, SCHEMA, "parent"), "COLUMN_NAME").size() <= 1);
    }

    private static void session(Connection connection) throws SQLException {
        same("schema", "public", connection.getSchema());
        connection.setSchema(SCHEMA);
        same("schema that was set", SCHEMA, connection.getSchema());
        same("catalog", "bankdm", connection.getCatalog());
        same("valid", true, connection.isValid(5));
        same("isolation", Connection.TRANSACTION_SERIALIZABLE, connection.getTransactionIsolation());
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        connection.setAutoCommit(false);
        run(connection, "INSERT INTO child VALUES (1, 1)");
        connection.rollback();
        same("rolled back", List.of("0"), column(query(connection, "SELECT count(*) AS n FROM child"), "n"));
        connection.commit();
        connection.setReadOnly(true);
        same("read in a transaction that may only read", List.of("2"), column(query(connection, "SELECT count(*) AS n FROM parent"), "n"));
        connection.rollback();
        connection.setReadOnly(false);
        connection.setAutoCommit(true);
    }

    private static void values(Connection connection) throws SQLException, java.io.IOException {
        // Often enough for the driver to prepare it on the server and to take values in binary.
        for (int round = 0; round < 8; round++) {
            try (PreparedStatement statement = connection.prepareStatement("SELECT id, code, rate, made FROM parent WHERE id < ? ORDER BY id")) {
                statement.setInt(1, 3);
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    same("values", Arrays.asList(1, "a", new BigDecimal("2.250"), Timestamp.valueOf("2024-02-29 12:34:56.789")),
                            Arrays.asList(rows.getObject(1), rows.getObject(2), rows.getObject(3), rows.getObject(4)));
                    rows.next();
                    same("no value", null, rows.getObject(4));
                    same("no more rows", false, rows.next());
                }
            }
            try (PreparedStatement statement = connection.prepareStatement(
                    "SELECT conkey, confkey FROM pg_catalog.pg_constraint WHERE conname = ?")) {
                statement.setString(1, "child_parent_fkey");
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    same("positions of a key", "[2] [1]", items(rows.getArray(1)) + " " + items(rows.getArray(2)));
                }
            }
        }
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO parent VALUES (?, ?, ?, ?)")) {
            for (int id = 10; id < 13; id++) {
                statement.setInt(1, id);
                statement.setString(2, "c" + id);
                statement.setBigDecimal(3, new BigDecimal("12.340"));
                statement.setTimestamp(4, Timestamp.valueOf("2024-05-06 07:08:09"));
                statement.addBatch();
            }
            same("a batch", "[1, 1, 1]", Arrays.toString(statement.executeBatch()));
        }
        run(connection, "CREATE TEMP TABLE days (day date, flag boolean, ratio float8)");
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO days VALUES (?, ?, ?)")) {
            statement.setDate(1, Date.valueOf("2024-02-29"));
            statement.setBoolean(2, true);
            statement.setDouble(3, 0.1);
            same("a row", 1, statement.executeUpdate());
        }
        same("a day", List.of("2024-02-29 t 0.1"), rows(query(connection, "SELECT day, flag, ratio FROM days"), "day", "flag", "ratio"));
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(1000);
            int count = 0;
            try (ResultSet rows = statement.executeQuery("SELECT age, y FROM dm.data")) {
                while (rows.next()) {
                    count++;
                }
            }
            same("rows in portions", 41188, count);
        }
        connection.commit();
        connection.setAutoCommit(true);
        StringWriter copied = new StringWriter();
        connection.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY (SELECT id, code FROM parent WHERE id < 3 ORDER BY id) TO STDOUT csv", copied);
        same("rows as lines", "1,a\n2,b\n", copied.toString());
    }

    private static String items(Array array) throws SQLException {
        return Arrays.toString((Object[]) array.getArray());
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static ResultSet query(Connection connection, String sql) throws SQLException {
        return connection.createStatement().executeQuery(sql);
    }

    private static List<String> column(ResultSet rows, String name) throws SQLException {
        return rows(rows, name);
    }

    /** The values of some columns, with a blank between those of a row. */
    private static List<String> rows(ResultSet rows, String... names) throws SQLException {
        List<String> found = new ArrayList<>();
        try (rows) {
            while (rows.next()) {
                StringBuilder row = new StringBuilder();
                for (String name : names) {
                    row.append(row.length() == 0 ? "" : " ").append(rows.getString(name));
                }
                found.add(row.toString());
            }
        }
        return found;
    }

    private static void same(String what, Object expected, Object found) {
        checks++;
        if (expected == null ? found != null : !expected.equals(found)) {
            throw new IllegalStateException(what + ": " + found + " instead of " + expected);
        }
    }
}
