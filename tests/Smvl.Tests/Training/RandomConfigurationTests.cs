using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>
/// Any combination of keys either trains or is refused with the reason. Configurations are drawn from <see cref="Choices"/> by a seed and run
/// three steps each on the tiny model; a key that is new is listed here with values worth trying, or among <see cref="Left"/>.
/// </summary>
public sealed class RandomConfigurationTests : IDisposable
{
    private const int Drawn = 24;

    /// <summary>Values to draw from, by key; a key that is not drawn keeps its default.</summary>
    private static readonly (string Key, string[] Values)[] Choices =
    [
        ("freeze", ["connector", "connector+vision", "full"]),
        ("freeze_parameters", ["model.vision_model", "model.connector", "*"]),
        ("trainable_parameters", ["model.text_model.norm", "model.text_model.layers.{0..1}.mlp,model.connector"]),
        ("lora_r", ["1", "4"]),
        ("use_dora", ["true"]),
        ("turns", ["first", "2", "all"]),
        ("max_images", ["0", "1", "4"]),
        ("max_tiles", ["1", "3"]),
        ("loss_on", ["all", "answer"]),
        ("do_image_splitting", ["true", "false"]),
        ("max_length", ["512", "1024"]),
        ("max_tokens_per_batch", ["2048", "4096"]),
        ("eval_rows", ["0", "2", "64"]),
        ("skip_bad_rows", ["true"]),
        ("vision_cache", ["cache"]),
        ("vision_cache_limit", ["30KB", "1GB"]),
        ("num_train_epochs", ["0.5", "2"]),
        ("per_device_train_batch_size", ["1", "3"]),
        ("per_device_eval_batch_size", ["1", "3"]),
        ("gradient_accumulation_steps", ["1", "2"]),
        ("dataloader_drop_last", ["true"]),
        ("train_sampling_strategy", ["random", "sequential"]),
        ("seed", ["0", "7"]),
        ("data_seed", ["0", "7"]),
        ("learning_rate", ["0", "1e-3"]),
        ("learning_rate_connector", ["0", "1e-2"]),
        ("learning_rate_vision", ["0", "1e-5"]),
        ("learning_rate_text", ["0", "1e-5"]),
        ("lr_scheduler_type", ["linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt"]),
        ("lr_scheduler_kwargs", ["{\"num_cycles\": 2}", "{\"power\": 2}"]),
        ("warmup_steps", ["0", "2", "0.5"]),
        ("warmup_ratio", ["0.3"]),
        ("optim", ["adamw_torch", "adamw_torch_fused", "adamw_bnb_8bit", "adamw_8bit", "lion_32bit", "muon"]),
        ("weight_decay", ["0", "0.1"]),
        ("adam_beta1", ["0", "0.8"]),
        ("adam_beta2", ["0.95"]),
        ("adam_epsilon", ["1e-6"]),
        ("max_grad_norm", ["0", "0.1"]),
        ("neftune_noise_alpha", ["5"]),
        ("bf16", ["true"]),
        ("gradient_checkpointing", ["true"]),
        ("label_smoothing_factor", ["0.1"]),
        ("z_loss_multiplier", ["1e-4"]),
        ("use_ema", ["true"]),
        ("ema_decay", ["0", "0.9"]),
        ("loss_spike_threshold", ["0", "1"]),
        ("logging_strategy", ["no", "steps", "epoch"]),
        ("logging_steps", ["1", "0.5"]),
        ("logging_first_step", ["true"]),
        ("eval_strategy", ["no", "steps", "epoch"]),
        ("eval_steps", ["1", "2", "0.5"]),
        ("visual_gain", ["true", "false"]),
        ("visual_gain_rows", ["2", "16"]),
        ("eval_delay", ["2"]),
        ("eval_on_start", ["true"]),
        ("save_strategy", ["no", "steps", "epoch", "best"]),
        ("save_steps", ["1", "2", "0.5"]),
        ("save_total_limit", ["1", "2"]),
        ("save_only_model", ["true"]),
        ("load_best_model_at_end", ["true"]),
        ("metric_for_best_model", ["loss", "eval_runtime"]),
        ("greater_is_better", ["true", "false"]),
        ("early_stopping_patience", ["1", "2"]),
        ("early_stopping_threshold", ["0.01"]),
        ("ignore_data_skip", ["true"]),
    ];

    /// <summary>Keys that say which run it is, not how it trains, or that every run here sets.</summary>
    private static readonly string[] Left =
    [
        "model", "device", "train_data", "data_dir", "image_folder", "image_layout", "stages", "resume_from_stage", "lora_alpha", "lora_dropout", "lora_target_modules", "training_stage", "stage1_epochs", "stage2_epochs",
        "stage3_epochs", "stage1_lr", "stage2_lr", "stage3_lr", "output_dir", "overwrite_output_dir", "resume_from_checkpoint", "run_name", "report_to", "logging_dir",
        "sample_image", "sample_question", "max_steps",
    ];

    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void EveryKeyIsDrawnOrLeftOut() => Assert.Equal(
        TrainingKeys.All.Where(key => key.Role == KeyRole.Used).Select(key => key.Name).Order(StringComparer.Ordinal),
        Choices.Select(choice => choice.Key).Concat(Left).Order(StringComparer.Ordinal));

    [Fact]
    public void WhatIsAcceptedTrains()
    {
        SplitMix64 random = new(2026);
        int trained = 0;
        for (int i = 0; i < Drawn; i++)
        {
            string[] keys = Draw(ref random);
            string output = temporary[$"run-{i}"];
            try
            {
                trained += Trains(RunFixture.Keys(output, ["--max_steps", "3", .. keys]), output) ? 1 : 0;
            }
            catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"{string.Join(' ', keys)}: {exception}");
            }
        }

        // most of what is drawn must fit together, or little is tried
        Assert.InRange(trained, Drawn / 3, Drawn);
    }

    /// <summary>A handful of keys, each with one of its values.</summary>
    private string[] Draw(ref SplitMix64 random)
    {
        List<string> keys = [];
        foreach ((string key, string[] values) in Choices)
        {
            if (random.Next() % 8 == 0)
            {
                string value = values[(int)(random.Next() % (ulong)values.Length)];
                keys.AddRange([$"--{key}", value == "cache" ? temporary["cache"] : value]);
            }
        }

        return [.. keys];
    }

    /// <returns>false where the configuration is refused, in one line and before anything is written</returns>
    private static bool Trains(List<string> keys, string output)
    {
        RecordingObserver observer = new();
        TrainingResult result;
        try
        {
            result = RunFixture.Run(keys, observer);
        }
        catch (SmvlException refused)
        {
            Assert.DoesNotContain('\n', refused.Message);
            Assert.False(Directory.Exists(output), $"{refused.Message}: {output} was written");
            return false;
        }

        Assert.Equal(result.Step, observer.Steps.Count);
        Assert.True(result.Step == 3 || observer.Notes.Any(note => note.StartsWith("stopping early", StringComparison.Ordinal)), $"{result.Step} steps");
        Assert.All(observer.Steps, step => Assert.True(double.IsFinite(step.Loss) && double.IsFinite(step.GradientNorm)));
        using CpuBackend backend = new(1);
        foreach (string folder in observer.Saved.Where(Directory.Exists))
        {
            ModelFolder.OpenAny(folder, backend).Dispose();
        }

        return true;
    }
}
