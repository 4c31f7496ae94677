using Smvl.Training;

namespace Smvl.Tests.Training;

public sealed class StageKeysTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void AStageHasItsOwnKeysAndTheOthers()
    {
        TrainingArguments whole = Yaml("""
            output_dir: run
            learning_rate: 1e-4
            max_steps: 200
            warmup_ratio: 0.1
            stages:
              - {name: first, freeze: connector}
              - name: second
                learning_rate: 5e-5
                num_train_epochs: 2
                warmup_steps: 3
                train_data: [a, b]
                lr_scheduler_type: cosine_with_min_lr
                lr_scheduler_kwargs: {min_lr: 1e-6}
            """);
        TrainingArguments first = whole.ForStage(whole.Stages![0], null), second = whole.ForStage(whole.Stages[1], "run/first");
        Assert.Equal((1e-4, 200, 0.1, "run/first", "run-first"), (first.LearningRate, first.MaxSteps, first.WarmupSteps, first.OutputDir, first.RunName));
        Assert.Equal((5e-5, -1, 2.0, 3.0), (second.LearningRate, second.MaxSteps, second.NumTrainEpochs, second.WarmupSteps));
        Assert.Equal("run/first", second.Model);
        Assert.Equal(["a", "b"], second.TrainData);
        Assert.Equal(1e-6, second.LrSchedulerKwargs["min_lr"]);
        Assert.Null(second.Stages);

        // written and read back, the stages are the same
        whole.Save(folder.Path);
        TrainingArguments again = TrainingArguments.FromYaml(folder[TrainingArguments.FileName]);
        Assert.Equal(whole.ToYaml(), again.ToYaml());
        Assert.Equal(second.ToYaml(), again.ForStage(again.Stages![1], "run/first").ToYaml());
        using var json = System.Text.Json.JsonDocument.Parse(whole.ToJson());
        Assert.Equal("second", json.RootElement.GetProperty("stages")[1].GetProperty("name").GetString());
    }

    [Fact]
    public void TheCommandLineWinsOverStagesToo()
    {
        string path = folder.Write("run.yaml", "stages:\n  - {name: a, learning_rate: 1e-3, num_train_epochs: 2}\n  - {name: b, freeze: full}\n");
        TrainingArguments whole = TrainingArguments.FromCommandLine(path, "--learning_rate", "2e-3", "--max_steps", "5");
        TrainingArguments a = whole.ForStage(whole.Stages![0], null);
        Assert.Equal((2e-3, 5), (a.LearningRate, a.MaxSteps));
        whole.Save(folder.Path);
        TrainingArguments again = TrainingArguments.FromYaml(folder[TrainingArguments.FileName]);
        Assert.Equal(a.ToYaml(), again.ForStage(again.Stages![0], null).ToYaml());
    }

    [Fact]
    public void TheOriginalScriptsKeysMakeTheirStages()
    {
        TrainingArguments whole = Yaml("training_stage: all\nstage1_epochs: 1\nstage2_epochs: 1\nstage3_epochs: 2\nstage1_lr: 1e-4\nstage2_lr: 5e-5\nstage3_lr: 1e-5\nresume_from_stage: null\n");
        Assert.Equal(["stage1", "stage2", "stage3"], whole.Stages!.Select(stage => stage.Name));
        Assert.Equal(
            [(FreezePolicy.Connector, 1e-4, 1.0), (FreezePolicy.ConnectorAndVision, 5e-5, 1.0), (FreezePolicy.Full, 1e-5, 2.0)],
            whole.Stages!.Select(stage => whole.ForStage(stage, null)).Select(stage => (stage.Freeze, stage.LearningRate, stage.NumTrainEpochs)));

        // as there, max_steps overrides epochs: of every stage
        TrainingArguments few = Yaml("training_stage: all\nmax_steps: 7\nstage1_epochs: 1\n");
        Assert.All(few.Stages!, stage => Assert.Equal(7, few.ForStage(stage, null).MaxSteps));
        Assert.Equal(["stage2"], Yaml("training_stage: stage2").Stages!.Select(stage => stage.Name));
    }

    [Theory]
    [InlineData("stages: [{name: a}, {name: A}]", "two stages have one name")]
    [InlineData("stages: [{name: a/b}]", "its folder's too")]
    [InlineData("stages: [{name: checkpoint-3}]", "its folder's too")]
    [InlineData("stages: []", "list of maps")]
    [InlineData("stages: connector", "list of maps")]
    [InlineData("stages: [{learning_rat: 1}]", "did you mean learning_rate")]
    [InlineData("stages:\n  - name: a\n  - learning_rate: fast", "run.yaml:3: learning_rate has a value that cannot be used")]
    [InlineData("stages: [{output_dir: x}]", "output_dir belongs to the whole run")]
    [InlineData("stages: [{eval_strategy: steps, evaluation_strategy: epoch}]", "eval_strategy is given twice")]
    [InlineData("stages: [{lr_scheduler_type: cosine_with_min_lr}]", "needs a lowest rate")]
    [InlineData("stages: [{name: a}]\ntraining_stage: all", "two ways to write the same")]
    [InlineData("stages: [{name: a}]\nresume_from_checkpoint: true", "stages are several")]
    [InlineData("resume_from_stage: connector", "without stages")]
    [InlineData("training_stage: stage4", "stage1 or stage2 or stage3 or all")]
    public void WrongStagesAreErrorsInOneLine(string yaml, string expected)
    {
        string error = Assert.Throws<SmvlException>(() => Yaml(yaml)).Message;
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    private TrainingArguments Yaml(string text) => TrainingArguments.FromYaml(folder.Write("run.yaml", text));
}
