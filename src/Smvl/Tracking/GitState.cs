using System.ComponentModel;
using System.Diagnostics;

namespace Smvl.Tracking;

/// <summary>The commit that a run was started from.</summary>
/// <param name="Remote">address of origin without user name and password; null without one</param>
/// <param name="Branch">as git calls it; HEAD where none is checked out</param>
/// <param name="Commit">its hash</param>
/// <param name="Changed">whether tracked files differ from it</param>
internal sealed record GitState(string? Remote, string Branch, string Commit, bool Changed)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Of the folder; null where it is in no repository or git is missing.</summary>
    public static GitState? Read(string folder)
    {
        if (Ask(folder, "rev-parse", "HEAD") is not { Length: > 0 } commit || Ask(folder, "rev-parse", "--abbrev-ref", "HEAD") is not { } branch)
        {
            return null;
        }

        bool changed = Ask(folder, "status", "--porcelain", "--untracked-files=no") is { Length: > 0 };
        return new GitState(Ask(folder, "remote", "get-url", "origin") is { } remote ? WithoutPassword(remote) : null, branch, commit, changed);
    }

    internal static string WithoutPassword(string remote) =>
        Uri.TryCreate(remote, UriKind.Absolute, out Uri? address) && address.UserInfo.Length > 0
            ? remote.Replace(address.UserInfo + "@", "", StringComparison.Ordinal)
            : remote;

    private static string? Ask(string folder, params string[] arguments)
    {
        ProcessStartInfo start = new("git", ["-C", folder, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            _ = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Patience))
            {
                process.Kill();
                return null;
            }

            return process.ExitCode == 0 ? output.GetAwaiter().GetResult().Trim() : null;
        }
        catch (Exception exception) when (exception is Win32Exception or PlatformNotSupportedException)
        {
            return null;
        }
    }
}
