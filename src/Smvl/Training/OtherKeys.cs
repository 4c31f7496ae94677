namespace Smvl.Training;

/// <summary>
/// The keys of transformers' TrainingArguments and of the original scripts that change nothing here: some because there is nothing
/// for them to act on (inert), the others because what they ask for is not done, so that only their default is accepted.
/// </summary>
internal static class OtherKeys
{
    private const string OneProcess = "for several processes; there is one";
    private const string OwnLoader = "samples are prepared by the trainer itself";
    private const string NoTorch = "for PyTorch, which is not used";
    private const string NoHub = "uploading from a training run is not supported";
    private const string Later = "not supported yet";

    public static IReadOnlyList<TrainingKey> All { get; } =
    [
        InertFlag("remove_unused_columns", true, "a sample has the columns that training reads"),
        InertFlag("dataloader_pin_memory", true, OwnLoader),
        Inert("dataloader_num_workers", KeyTypes.Integer, 0, OwnLoader),
        InertFlag("dataloader_persistent_workers", false, OwnLoader),
        Inert("dataloader_prefetch_factor", KeyTypes.OptionalInteger, null, OwnLoader),
        Inert("disable_tqdm", KeyTypes.OptionalFlag, null, "progress is drawn where the output is a terminal"),
        Inert("log_level", KeyTypes.Text, "passive", "for Python's logging"),
        Inert("log_level_replica", KeyTypes.Text, "warning", "for Python's logging"),
        InertFlag("logging_nan_inf_filter", true, "a loss that is not finite stops the run before the update"),
        InertFlag("do_train", false, "for scripts around the Trainer"),
        InertFlag("do_eval", false, "for scripts around the Trainer"),
        InertFlag("prediction_loss_only", false, "an evaluation computes the loss alone"),
        InertFlag("eval_do_concat_batches", true, "an evaluation computes the loss alone"),
        InertFlag("eval_use_gather_object", false, OneProcess),
        Inert("eval_accumulation_steps", KeyTypes.OptionalInteger, null, "an evaluation computes the loss alone"),
        InertFlag("use_cpu", false, "training runs on the CPU"),
        InertFlag("no_cuda", false, "older name of use_cpu"),
        InertFlag("full_determinism", false, "every run is deterministic"),
        InertFlag("use_cache", false, "training keeps no key/value cache"),
        Inert("gradient_checkpointing_kwargs", KeyTypes.Map, new SortedDictionary<string, object>(), NoTorch),
        Inert("tf32", KeyTypes.OptionalFlag, null, NoTorch),
        Inert("torch_empty_cache_steps", KeyTypes.OptionalInteger, null, NoTorch),
        InertFlag("average_tokens_across_devices", true, OneProcess),
        InertFlag("log_on_each_node", true, OneProcess),
        InertFlag("save_on_each_node", false, OneProcess),
        Inert("local_rank", KeyTypes.Integer, -1, OneProcess),
        Inert("ddp_backend", KeyTypes.Text, null, OneProcess),
        Inert("ddp_timeout", KeyTypes.Integer, 1800, OneProcess),
        Inert("ddp_bucket_cap_mb", KeyTypes.OptionalInteger, null, OneProcess),
        Inert("ddp_broadcast_buffers", KeyTypes.OptionalFlag, null, OneProcess),
        Inert("ddp_find_unused_parameters", KeyTypes.OptionalFlag, null, OneProcess),
        Inert("ddp_static_graph", KeyTypes.OptionalFlag, null, OneProcess),

        UnsupportedFlag("fp16", false, "frozen weights can be stored in bf16 instead: use bf16"),
        UnsupportedFlag("fp16_full_eval", false, "an evaluation computes in float32"),
        UnsupportedFlag("bf16_full_eval", false, "an evaluation computes in float32"),
        Unsupported("optim_args", KeyTypes.Text, null, "optimizers are set by adam_beta1, adam_beta2, adam_epsilon"),
        Unsupported("optim_target_modules", KeyTypes.Text, null, "the optimizer trains every free parameter"),
        UnsupportedFlag("group_by_length", false, "sequences are not padded here, so that grouping them by length gains nothing"),
        Unsupported("label_names", KeyTypes.Text, null, "the labels are the sample's own tokens"),
        UnsupportedFlag("include_num_input_tokens_seen", false, "the log has its own token counts"),
        Unsupported("include_for_metrics", KeyTypes.Text, null, "an evaluation computes the loss alone"),
        UnsupportedFlag("batch_eval_metrics", false, "an evaluation computes the loss alone"),
        UnsupportedFlag("do_predict", false, "use smvl chat"),
        UnsupportedFlag("save_safetensors", true, "checkpoints are safetensors"),
        UnsupportedFlag("restore_callback_states_from_checkpoint", false, "there are no callbacks"),
        UnsupportedFlag("enable_jit_checkpoint", false, "a signal saves a checkpoint anyway"),
        UnsupportedFlag("auto_find_batch_size", false, "set per_device_train_batch_size"),
        UnsupportedFlag("skip_memory_metrics", true, "memory is not logged per step"),
        UnsupportedFlag("torch_compile", false, NoTorch),
        Unsupported("torch_compile_backend", KeyTypes.Text, null, NoTorch),
        Unsupported("torch_compile_mode", KeyTypes.Text, null, NoTorch),
        UnsupportedFlag("use_liger_kernel", false, NoTorch),
        Unsupported("accelerator_config", KeyTypes.Text, null, NoTorch),
        Unsupported("parallelism_config", KeyTypes.Text, null, OneProcess),
        Unsupported("deepspeed", KeyTypes.Text, null, OneProcess),
        Unsupported("fsdp", KeyTypes.Text, null, OneProcess),
        Unsupported("fsdp_config", KeyTypes.Text, null, OneProcess),
        Unsupported("debug", KeyTypes.Text, null, NoTorch),
        UnsupportedFlag("push_to_hub", false, NoHub),
        Unsupported("hub_model_id", KeyTypes.Text, null, NoHub),
        Unsupported("hub_token", KeyTypes.Text, null, NoHub),

        Unsupported("downstream_tasks", KeyTypes.Text, null, "training on downstream tasks is " + Later),
        UnsupportedFlag("video_data", false, "training on videos is " + Later),
    ];

    private static TrainingKey<T> Inert<T>(string name, KeyType<T> type, T value, string why) =>
        new(name, type, value, why) { Role = KeyRole.Inert };

    private static TrainingKey<bool> InertFlag(string name, bool value, string why) => Inert(name, KeyTypes.Flag, value, why);

    private static TrainingKey<T> Unsupported<T>(string name, KeyType<T> type, T value, string why) =>
        new(name, type, value, why) { Role = KeyRole.Unsupported };

    private static TrainingKey<bool> UnsupportedFlag(string name, bool value, string why) =>
        Unsupported(name, KeyTypes.Flag, value, why);
}
