using System.CommandLine;

namespace Smvl.Cli;

/// <summary>
/// <c>--threads N</c>, the same for every command that computes. How many cores a machine spends is no part of what is computed, so it
/// stands on the command line and in no configuration.
/// </summary>
internal sealed class ThreadsOption : Option<int?>
{
    public ThreadsOption()
        : base("--threads")
    {
        Description = $"cores to compute on; default: {ThreadCount.Variable}, else all; no result depends on it";
        CustomParser = result =>
        {
            if (ThreadCount.TryParse(result.Tokens[0].Value, out int count))
            {
                return count;
            }

            result.AddError($"--threads must be {ThreadCount.Expected}.");
            return null;
        };
    }

    /// <exception cref="UsageException">the environment's default is no number</exception>
    public int Read(ParseResult parsed)
    {
        try
        {
            return parsed.GetValue(this) ?? ThreadCount.Default;
        }
        catch (SmvlException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
