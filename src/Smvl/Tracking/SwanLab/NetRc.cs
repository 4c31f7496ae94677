namespace Smvl.Tracking.SwanLab;

/// <summary>One machine of a .netrc file, as SwanLab's login writes it.</summary>
/// <param name="Machine">address of the API</param>
/// <param name="Login">address of the web pages</param>
/// <param name="Password">the API key</param>
internal sealed record NetRc(string Machine, string Login, ApiKey Password)
{
    public const string FileName = ".netrc";

    /// <summary>The complete entries of a file; none where it does not exist or cannot be read.</summary>
    public static IReadOnlyList<NetRc> Read(string path)
    {
        List<NetRc> entries = [];
        string[] words;
        try
        {
            words = File.Exists(path) ? File.ReadAllText(path).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) : [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            words = [];
        }

        string? machine = null, login = null;
        for (int i = 0; i + 1 < words.Length; i += 2)
        {
            switch (words[i])
            {
                case "machine":
                    (machine, login) = (words[i + 1], null);
                    break;
                case "login":
                    login = words[i + 1];
                    break;
                case "password" when machine is not null:
                    entries.Add(new NetRc(machine, login ?? machine, new ApiKey(words[i + 1])));
                    break;
            }
        }

        return entries;
    }
}
