using System.Globalization;

namespace Smvl.Hubs;

/// <summary>How to reach a hub: what its own client reads from the environment.</summary>
internal sealed record HubSettings
{
    /// <summary>For both hubs.</summary>
    public const string OfflineVariable = "SMVL_OFFLINE";

    private static readonly TimeSpan DefaultSilence = TimeSpan.FromSeconds(30);

    /// <summary>Without a slash at the end.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>Null: anonymous. Goes to <see cref="Endpoint"/> and nowhere else.</summary>
    public string? Token { get; init; }

    /// <summary>The variable that forbids the network; null where none does.</summary>
    public string? OfflineBy { get; init; }

    /// <summary>How long a server may be silent before the connection counts as broken.</summary>
    public TimeSpan Silence { get; init; } = DefaultSilence;

    /// <param name="hub">which</param>
    /// <param name="environment">the variables</param>
    /// <param name="token">given by the user; null: the environment's</param>
    /// <exception cref="SmvlException">an address or a token that cannot be one</exception>
    public static HubSettings Read(HubKind hub, HubEnvironment environment, string? token = null)
    {
        string? anyHub = environment.Flag(OfflineVariable) ? OfflineVariable : null;
        if (hub == HubKind.ModelScope)
        {
            (string? variable, string address) =
                environment.Text("MODELSCOPE_ENDPOINT") is { } endpoint ? ("MODELSCOPE_ENDPOINT", endpoint)
                : environment.Text("MODELSCOPE_DOMAIN") is { } domain ? ("MODELSCOPE_DOMAIN", domain)
                : (null, "https://www.modelscope.cn");
            return new HubSettings
            {
                Endpoint = Address(variable, address.Contains("://", StringComparison.Ordinal) ? address : $"https://{address}"),
                Token = Checked(token ?? environment.Text("MODELSCOPE_API_TOKEN")),
                OfflineBy = anyHub,
            };
        }

        return new HubSettings
        {
            Endpoint = Address("HF_ENDPOINT", environment.Text("HF_ENDPOINT") ?? "https://huggingface.co"),
            Token = Checked(token ?? HuggingFaceToken(environment)),
            OfflineBy = anyHub ?? new[] { "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE" }.FirstOrDefault(environment.Flag),
            Silence = environment.Text("HF_HUB_DOWNLOAD_TIMEOUT") is { } silence ? Seconds("HF_HUB_DOWNLOAD_TIMEOUT", silence) : DefaultSilence,
        };
    }

    private static string? HuggingFaceToken(HubEnvironment environment)
    {
        if ((environment.Text("HF_TOKEN") ?? environment.Text("HUGGING_FACE_HUB_TOKEN")) is { } token)
        {
            return token;
        }

        // the official client's login writes it; here it is only read
        string file = environment.Folder("HF_TOKEN_PATH") ?? Path.Combine(environment.HuggingFaceHome, "token");
        return !environment.Flag("HF_HUB_DISABLE_IMPLICIT_TOKEN") && File.Exists(file) && File.ReadAllText(file).Trim() is { Length: > 0 } stored ? stored : null;
    }

    private static Uri Address(string? variable, string text) =>
        Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https" && address.Query == "" && address.UserInfo == ""
            ? address
            : throw new SmvlException("not a hub's address", variable, "http(s)://HOST", hint: "it must hold no password");

    private static TimeSpan Seconds(string variable, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and < 86_400
            ? TimeSpan.FromSeconds(seconds)
            : throw new SmvlException("not a number of seconds", variable, "above 0", text);

    // It becomes part of a header. The text itself is not for showing.
    private static string? Checked(string? token) =>
        token?.Trim() is not { Length: > 0 } trimmed ? null
        : trimmed.All(c => c is > ' ' and < '\x7f' and not (';' or ',')) ? trimmed
        : throw new SmvlException("the token holds a character that no token has", expected: "visible ASCII characters");
}
