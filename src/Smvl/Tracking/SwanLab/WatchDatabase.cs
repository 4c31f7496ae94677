using Microsoft.Data.Sqlite;

namespace Smvl.Tracking.SwanLab;

/// <summary>
/// <c>runs.swanlab</c>, the sqlite database of a folder of runs, as swanboard keeps it: one project, its experiments, their keys and charts,
/// and for every key a chart of the project that compares experiments. Source: swanboard's db/models.
/// </summary>
internal sealed class WatchDatabase : IDisposable
{
    public const string FileName = "runs.swanlab";

    private const string DefaultSection = "default", ImageSection = "Image", TextSection = "Text";

    // what swanboard would create, so that it finds every column it asks for
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS project (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE, description VARCHAR(255), sum INTEGER,
            charts INTEGER NOT NULL, pinned_opened INTEGER NOT NULL, hidden_opened INTEGER NOT NULL, more VARCHAR(255), version VARCHAR(30) NOT NULL,
            create_time VARCHAR(30) NOT NULL, update_time VARCHAR(30) NOT NULL);
        CREATE TABLE IF NOT EXISTS experiment (id INTEGER NOT NULL PRIMARY KEY,
            project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE ON UPDATE CASCADE, run_id TEXT NOT NULL UNIQUE,
            name VARCHAR(100) NOT NULL, description VARCHAR(255), sort INTEGER NOT NULL CHECK (sort >= 0), status INTEGER NOT NULL, show INTEGER NOT NULL,
            light VARCHAR(20), dark VARCHAR(20), pinned_opened INTEGER NOT NULL, hidden_opened INTEGER NOT NULL, more TEXT, version VARCHAR(30) NOT NULL,
            create_time VARCHAR(30) NOT NULL, finish_time VARCHAR(30), update_time VARCHAR(30) NOT NULL,
            UNIQUE (name, project_id), UNIQUE (sort, project_id));
        CREATE TABLE IF NOT EXISTS tag (id INTEGER NOT NULL PRIMARY KEY,
            experiment_id INTEGER NOT NULL REFERENCES experiment (id) ON DELETE CASCADE ON UPDATE CASCADE, name VARCHAR(255) NOT NULL,
            folder VARCHAR(255), type VARCHAR(10) NOT NULL, description VARCHAR(100), system INTEGER NOT NULL, sort INTEGER, more TEXT,
            create_time VARCHAR(30) NOT NULL, update_time VARCHAR(30) NOT NULL, UNIQUE (name, experiment_id));
        CREATE TABLE IF NOT EXISTS chart (id INTEGER NOT NULL PRIMARY KEY,
            experiment_id INTEGER REFERENCES experiment (id) ON DELETE CASCADE ON UPDATE CASCADE,
            project_id INTEGER REFERENCES project (id) ON DELETE CASCADE ON UPDATE CASCADE, name VARCHAR(255) NOT NULL, description VARCHAR(255),
            system INTEGER NOT NULL, type VARCHAR(10) NOT NULL, reference VARCHAR(10) NOT NULL, status INTEGER NOT NULL, sort INTEGER, config TEXT, more TEXT,
            create_time VARCHAR(30) NOT NULL, update_time VARCHAR(30) NOT NULL,
            UNIQUE (name, experiment_id), UNIQUE (name, project_id), CHECK ((experiment_id IS NULL) <> (project_id IS NULL)));
        CREATE TABLE IF NOT EXISTS namespace (id INTEGER NOT NULL PRIMARY KEY,
            experiment_id INTEGER REFERENCES experiment (id) ON DELETE CASCADE ON UPDATE CASCADE,
            project_id INTEGER REFERENCES project (id) ON DELETE CASCADE ON UPDATE CASCADE, name VARCHAR(255) NOT NULL, description VARCHAR(255),
            sort INTEGER NOT NULL CHECK (sort >= 0), opened INTEGER NOT NULL, more TEXT, create_time VARCHAR(30) NOT NULL, update_time VARCHAR(30) NOT NULL,
            UNIQUE (name, experiment_id), UNIQUE (name, project_id), CHECK ((experiment_id IS NULL) <> (project_id IS NULL)));
        CREATE TABLE IF NOT EXISTS source (id INTEGER NOT NULL PRIMARY KEY,
            tag_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE ON UPDATE CASCADE,
            chart_id INTEGER NOT NULL REFERENCES chart (id) ON DELETE CASCADE ON UPDATE CASCADE, sort INTEGER, error TEXT, more TEXT,
            create_time VARCHAR(30) NOT NULL, update_time VARCHAR(30) NOT NULL, UNIQUE (tag_id, chart_id));
        CREATE TABLE IF NOT EXISTS display (id INTEGER NOT NULL PRIMARY KEY,
            chart_id INTEGER NOT NULL REFERENCES chart (id) ON DELETE CASCADE ON UPDATE CASCADE,
            namespace_id INTEGER NOT NULL REFERENCES namespace (id) ON DELETE CASCADE ON UPDATE CASCADE, sort INTEGER NOT NULL CHECK (sort >= 0), more TEXT,
            create_time VARCHAR(30) NOT NULL, update_time VARCHAR(30) NOT NULL, UNIQUE (chart_id, namespace_id));
        """;

    private readonly SqliteConnection connection;
    private readonly long experiment;

    /// <summary>Opens or makes the database and enters the run.</summary>
    public WatchDatabase(SwanLabRun run)
    {
        // several runs may write at once; each waits for the other's short transactions
        connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(run.LogDir, FileName),
            ForeignKeys = true,
            Pooling = false,
            DefaultTimeout = 10,
        }.ToString());
        try
        {
            connection.Open();
            Execute("PRAGMA journal_mode = WAL");
            Execute(Schema);
            experiment = Together(() => Enter(run));
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public void Add(SwanLabColumn column) => Together(() =>
    {
        string type = column.Type switch { SwanLabType.Image => "image", SwanLabType.Text => "text", _ => "line" };
        string section = column.Section ?? column.Type switch { SwanLabType.Image => ImageSection, SwanLabType.Text => TextSection, _ => DefaultSection };
        long own = Chart("experiment_id", experiment, column.Key, type, system: 1, section);
        Execute(
            $"INSERT INTO tag (experiment_id, name, folder, type, system, sort, create_time, update_time) VALUES ({experiment}, $name, $folder, $type, 0, $sort, $now, $now)",
            ("$name", column.Key), ("$folder", FormattableString.Invariant($"{column.Index}")), ("$type", type), ("$sort", column.Index));
        long tag = LastId();
        Source(tag, own);
        Source(tag, Chart("project_id", 1, column.Key, type, system: 0, section));
        Execute("UPDATE project SET charts = 1, update_time = $now WHERE id = 1");
        return tag;
    });

    public void Finish(SwanLabEnd end) => Execute(
        $"UPDATE experiment SET status = $status, finish_time = $time, update_time = $now WHERE id = {experiment}",
        ("$status", end.State == SwanLabState.Finished ? 1 : -1), ("$time", SwanLabJson.Time(end.Time)));

    public void Dispose() => connection.Dispose();

    private long Enter(SwanLabRun run)
    {
        Execute(
            "INSERT OR IGNORE INTO project (id, name, sum, charts, pinned_opened, hidden_opened, version, create_time, update_time) VALUES (1, $name, 0, 0, 1, 0, $version, $now, $now)",
            ("$name", run.Project), ("$version", SwanLabRun.Version));
        Execute("UPDATE project SET sum = coalesce(sum, 0) + 1, update_time = $now WHERE id = 1");
        Execute(
            """
            INSERT INTO experiment (project_id, run_id, name, description, sort, status, show, light, dark, pinned_opened, hidden_opened, version, create_time, update_time)
            VALUES (1, $run, $name, $description, (SELECT sum FROM project WHERE id = 1), 0, 1, $color, $color, 1, 0, $version, $time, $now)
            """,
            ("$run", run.FolderName), ("$name", FreeName(run.Name)), ("$description", (object?)run.Description ?? DBNull.Value),
            ("$color", run.Color), ("$version", SwanLabRun.Version), ("$time", SwanLabJson.Time(run.Started)));
        return LastId();
    }

    /// <summary>Names are unique here: the second run of a name gets a number.</summary>
    private string FreeName(string name)
    {
        string free = name;
        for (int number = 2; Ask("SELECT count(*) FROM experiment WHERE project_id = 1 AND name = $name", ("$name", free)) > 0; number++)
        {
            free = FormattableString.Invariant($"{name}-{number}");
        }

        return free;
    }

    /// <summary>The chart of a key, of an experiment or of the project, which may have it already, shown in its section.</summary>
    private long Chart(string owner, long id, string key, string type, int system, string section)
    {
        long? found = Find($"SELECT id FROM chart WHERE {owner} = {id} AND name = $name", ("$name", key));
        if (found is { } known)
        {
            return known;
        }

        Execute(
            $"INSERT INTO chart ({owner}, name, system, type, reference, status, create_time, update_time) VALUES ({id}, $name, $system, $type, 'step', 0, $now, $now)",
            ("$name", key), ("$system", system), ("$type", type));
        long chart = LastId();
        long? existing = Find($"SELECT id FROM namespace WHERE {owner} = {id} AND name = $name", ("$name", section));
        if (existing is null)
        {
            Execute(
                $"""
                INSERT INTO namespace ({owner}, name, sort, opened, create_time, update_time)
                VALUES ({id}, $name, (SELECT count(*) FROM namespace WHERE {owner} = {id}), 1, $now, $now)
                """,
                ("$name", section));
            existing = LastId();
        }

        Execute(
            $"""
            INSERT INTO display (chart_id, namespace_id, sort, create_time, update_time)
            VALUES ({chart}, {existing}, (SELECT count(*) FROM display WHERE namespace_id = {existing}), $now, $now)
            """);
        return chart;
    }

    private void Source(long tag, long chart) =>
        Execute($"INSERT INTO source (tag_id, chart_id, sort, create_time, update_time) VALUES ({tag}, {chart}, 0, $now, $now)");

    private T Together<T>(Func<T> work)
    {
        using SqliteTransaction transaction = connection.BeginTransaction();
        T result = work();
        transaction.Commit();
        return result;
    }

    private void Execute(string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        using SqliteCommand command = Command(sql, values);
        command.ExecuteNonQuery();
    }

    private long? Find(string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        using SqliteCommand command = Command(sql, values);
        return (long?)command.ExecuteScalar();
    }

    private long Ask(string sql, params ReadOnlySpan<(string Name, object Value)> values) => Find(sql, values)!.Value;

    private long LastId() => Ask("SELECT last_insert_rowid()");

    private SqliteCommand Command(string sql, ReadOnlySpan<(string Name, object Value)> values)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        if (sql.Contains("$now", StringComparison.Ordinal))
        {
            command.Parameters.AddWithValue("$now", SwanLabJson.Time(DateTimeOffset.UtcNow));
        }

        return command;
    }
}
