using System.CommandLine;
using Smvl.Cli.TinyBases;
using Smvl.Tensors;

namespace Smvl.Cli;

/// <summary><c>smvl tiny-bases</c>: how the embedded bases and their data are made.</summary>
internal static class TinyBasesCommand
{
    public static Command Create() => new("tiny-bases", "Make the embedded bases and their data again.")
    {
        CreateBuild(), CreateSamples(), CreateData(), TextCommand.Create(), TokenizerCommand.Create(),
    };

    private static Command CreateBuild()
    {
        var output = new Option<string>("--output") { Description = "everything goes there; a second call goes on where the first one stopped", DefaultValueFactory = _ => "tiny-bases" };
        var samples = new Option<string>("--samples") { Description = "the folder of the sample data", DefaultValueFactory = _ => "samples/data" };
        var configs = new Option<string>("--configs") { Description = "the folder of the trainings' configurations", DefaultValueFactory = _ => "configs" };
        var share = new Option<double>("--share") { Description = "of the data and of every training's steps; less than 1 tries the whole way in little time", DefaultValueFactory = _ => 1 };
        share.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (> 0 and <= 1))
            {
                result.AddError("--share must be more than 0 and at most 1.");
            }
        });
        var device = new DeviceOption();
        var threads = new ThreadsOption();
        var command = new Command("build", "Make data, tokenizers, both bases and the demo's model from the sample data: about two hours on two cores.") { output, samples, configs, share, device, threads };
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                using Backend backend = device.Open(parsed, threads);
                var build = new TinyBasesBuild(
                    parsed.GetRequiredValue(samples), parsed.GetRequiredValue(configs), parsed.GetRequiredValue(output), parsed.GetValue(share), backend, threads.Read(parsed),
                    parsed.InvocationConfiguration.Output, cancellation);
                return build.Run() ? 0 : CommandLineProgram.Interrupted;
            },
            cancellation));
        return command;
    }

    private static Command CreateSamples()
    {
        var source = new Option<string>("--source") { Description = "the folder of cauldron-mini", Required = true };
        var groups = new Option<string?>("--emoji_test") { Description = "Unicode's emoji-test.txt: categories of the emoji whose category the source does not ask for" };
        var output = new Option<string>("--output") { Description = "the folder of the sample data", DefaultValueFactory = _ => "samples/data" };
        Option<long> seed = Seed();
        var threads = new ThreadsOption();
        var command = new Command("samples", "Pack samples/data: Chinese scenes, and emoji from cauldron-mini.") { source, groups, output, seed, threads };
        command.SetAction((parsed, cancellation) => Task.Run(
            () => SamplePacker.Pack(
                parsed.GetRequiredValue(source), parsed.GetValue(groups), parsed.GetRequiredValue(output), (ulong)parsed.GetValue(seed),
                new ParallelRows(threads.Read(parsed), cancellation), parsed.InvocationConfiguration.Output),
            cancellation));
        return command;
    }

    private static Command CreateData()
    {
        var samples = new Option<string>("--samples") { Description = "the folder of the sample data", DefaultValueFactory = _ => "samples/data" };
        var output = new Option<string>("--output") { Description = "a folder for scenes_en, shapes_en and emoji_en", Required = true };
        Option<int> scenes = Count("--scenes", "rows of scenes_en to train on", EnglishData.DefaultScenes);
        Option<int> testScenes = Count("--test_scenes", "rows of scenes_en with held-out pairs", EnglishData.DefaultTestScenes);
        Option<int> colors = Count("--colors", "rows of colors_en to train on", EnglishData.DefaultColors);
        Option<int> shapes = Count("--shapes", "rows of shapes_en to train on", EnglishData.DefaultShapes);
        Option<int> variants = Count("--variants", "pictures of each emoji to train on", EnglishData.DefaultVariants);
        Option<long> seed = Seed();
        var threads = new ThreadsOption();
        var command = new Command("data", "Write what the English base is trained on, from the sample data alone.") { samples, output, scenes, testScenes, colors, shapes, variants, seed, threads };
        command.SetAction((parsed, cancellation) => Task.Run(
            () => EnglishData.Write(
                parsed.GetRequiredValue(samples), parsed.GetRequiredValue(output), parsed.GetValue(scenes), parsed.GetValue(testScenes),
                parsed.GetValue(colors), parsed.GetValue(shapes), parsed.GetValue(variants), (ulong)parsed.GetValue(seed), new ParallelRows(threads.Read(parsed), cancellation), parsed.InvocationConfiguration.Output),
            cancellation));
        return command;
    }

    private static Option<long> Seed() => new("--seed") { Description = "the same seed, the same bytes", DefaultValueFactory = _ => SamplePacker.DefaultSeed };

    private static Option<int> Count(string name, string description, int value)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
            {
                result.AddError($"{name} must be at least 1.");
            }
        });
        return option;
    }
}
