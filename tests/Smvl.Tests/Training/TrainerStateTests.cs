using Smvl.Tracking;
using Smvl.Training;

namespace Smvl.Tests.Training;

public sealed class TrainerStateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheFileIsTheTrainers()
    {
        TrainingArguments arguments = TrainingArguments.FromCommandLine("--max_steps", "4", "--logging_steps", "1", "--per_device_train_batch_size", "3");
        TrainerState state = TrainerState.After(new TrainingSteps(arguments, rows: 24), 1, [new LogEntry(1, Pair("loss", 6.5), Pair("learning_rate", 1e-5), Pair("epoch", 0.125))]);
        state.Write(_folder.Path);

        // written by transformers 5.12.1's TrainerState.save_to_json for the same values, but for 1e-05's ".0"
        const string Expected = """
            {
              "best_global_step": null,
              "best_metric": null,
              "best_model_checkpoint": null,
              "epoch": 0.125,
              "eval_steps": 500,
              "global_step": 1,
              "is_hyper_param_search": false,
              "is_local_process_zero": true,
              "is_world_process_zero": true,
              "log_history": [
                {
                  "epoch": 0.125,
                  "learning_rate": 1.0e-05,
                  "loss": 6.5,
                  "step": 1
                }
              ],
              "logging_steps": 1,
              "max_steps": 4,
              "num_input_tokens_seen": 0,
              "num_train_epochs": 1,
              "save_steps": 500,
              "stateful_callbacks": {
                "TrainerControl": {
                  "args": {
                    "should_epoch_stop": false,
                    "should_evaluate": false,
                    "should_log": false,
                    "should_save": true,
                    "should_training_stop": false
                  },
                  "attributes": {}
                }
              },
              "total_flos": 0.0,
              "train_batch_size": 3,
              "trial_name": null,
              "trial_params": null
            }

            """;
        Assert.Equal(Expected.ReplaceLineEndings("\n"), File.ReadAllText(_folder.File(TrainerState.FileName)));

        TrainerState again = TrainerState.Read(_folder.Path);
        Assert.Equal(state with { LogHistory = again.LogHistory }, again);
        Assert.Equal(state.LogHistory[0].Metrics, again.LogHistory[0].Metrics);
    }

    [Theory]
    [InlineData("\"global_step\": 1,", "", "the field global_step is missing")]
    [InlineData("\"global_step\": 1,", "\"global_step\": \"1\",", "global_step cannot be read (expected an integer, actual \"1\")")]
    [InlineData("\"global_step\": 1,", "\"global_step\": 1, \"steps\": 1,", "unknown field steps")]
    [InlineData("\"global_step\": 1,", "\"global_step\": 1, \"global_step\": 1,", "global_step is there twice")]
    [InlineData("\"loss\": 6.5", "\"loss\": \"high\"", "loss in log_history cannot be read")]
    [InlineData("\"step\": 2,", "\"step\": \"2\",", "an entry of log_history cannot be read")]
    [InlineData("\"eval_steps\": 500", "\"eval_steps\": 2.5", "eval_steps is not whole")]
    [InlineData("}", "", "the file is no JSON")]
    public void ADamagedFileIsAnError(string old, string replacement, string expected)
    {
        TrainingArguments arguments = TrainingArguments.FromCommandLine("--max_steps", "4");
        TrainerState.After(new TrainingSteps(arguments, rows: 24), 1, [new LogEntry(2, Pair("loss", 6.5), Pair("train_runtime", 1))]).Write(_folder.Path);
        string path = _folder.File(TrainerState.FileName), text = File.ReadAllText(path);
        Assert.Contains(old, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(old, replacement, StringComparison.Ordinal));

        string error = Assert.Throws<SmvlException>(() => TrainerState.Read(_folder.Path)).Message;
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.StartsWith(path, error, StringComparison.Ordinal);
    }

    private static KeyValuePair<string, double> Pair(string name, double value) => KeyValuePair.Create(name, value);
}
