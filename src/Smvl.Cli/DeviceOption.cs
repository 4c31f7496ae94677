using System.CommandLine;
using Smvl.Tensors;

namespace Smvl.Cli;

/// <summary><c>--device auto|cpu|gpu|gpu:N</c>, the same for every command that computes; a training has it as a key of its configuration too.</summary>
internal sealed class DeviceOption : Option<DeviceChoice?>
{
    public DeviceOption()
        : base("--device")
    {
        Description = "where to compute: auto, cpu, gpu, or gpu:N as smvl devices counts; default: SMVL_DEVICE, else auto: a real GPU where there is one";
        CustomParser = result =>
        {
            if (DeviceChoice.TryParse(result.Tokens[0].Value, out DeviceChoice choice))
            {
                return choice;
            }

            result.AddError($"--device must be {DeviceChoice.Expected}.");
            return null;
        };
    }

    public DeviceChoice? Read(ParseResult parsed) => parsed.GetValue(this);

    /// <summary>The backend there; a line on stderr says what was chosen.</summary>
    /// <exception cref="SmvlException">there is no such device</exception>
    public Backend Open(ParseResult parsed, ThreadsOption threads) => Backends.Open(
        Read(parsed), new BackendOptions { Threads = threads.Read(parsed), Notice = parsed.InvocationConfiguration.Error.WriteLine });
}
