import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.ArrayList;

/** Runs the files of SQL that it is given over JDBC, one after the other, and prints the last one's rows as CSV. */
public class Ask {
    public static void main(String[] files) throws Exception {
        try (var connection = DriverManager.getConnection("jdbc:duckdb:");
                var statement = connection.createStatement()) {
            var has = false;
            for (var file : files) {
                has = statement.execute(Files.readString(Path.of(file)));
            }
            if (!has) {
                throw new IllegalStateException("the last file asks nothing");
            }
            var rows = statement.getResultSet();
            while (rows.next()) {
                var row = new ArrayList<String>();
                for (var number = 1; number <= rows.getMetaData().getColumnCount(); number++) {
                    row.add(rows.getString(number));
                }
                System.out.println(String.join(",", row));
            }
        }
    }
}
