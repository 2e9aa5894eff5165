using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>The faults of loading a model. If a case has no error, the load succeeds despite the fault.</summary>
internal static class LoadFaults
{
    /// <summary>Loads that fail with the message of the library while the cause lasts. Here the first two loads fail, and the third succeeds.</summary>
    internal static readonly FaultCase[] Refused =
    [
        Twice("bad_magic", "not a model file", "invalid"),
        Twice("too_new", "a model newer than the runtime", "invalid"),
        Twice("too_old", "a model older than the runtime", "too old"),
        Twice("wrong_platform", "a model for another SoC", "target_platform does not match"),
        Twice("unknown_platform", "a SoC that the library does not know", "must be either RK3588"),
        Twice("npu_oom", "no NPU memory left", "failed to malloc npu memory"),
        Twice("no_device", "no NPU driver, or no permission to use it", "failed to open rknn device"),
        Twice("too_many_files", "too many open files", "Too many open files"),
        Twice("sigill", "CPU instructions that this CPU does not have", "SIGILL"),
        Twice("init0_broken", "a load that reports success but has failed", "load model file error") with { Versions = ["1.1.4"] },
        Twice("init_hang", "a load that never ends", "took longer than 2 s to load the model") with { Options = ["--load-timeout", "2"] },
    ];

    /// <summary>Faults that do not fail the load. Some are logged.</summary>
    internal static readonly FaultCase[] Survived =
    [
        new("ctx_limit", "a context longer than the model allows") { Injected = "ctx_limit@1,ctx_limit@3", Logged = "loading it with 2048", Harmless = "200: loaded with the context that the model allows" },
        new("init_slow:300", "a slow load within its timeout") { Injected = "init_slow:300", Harmless = "200, later" },
        new("half_line", "output on stderr without a line end") { Injected = "half_line", Logged = "loading: 50%", Harmless = "200" },
        new("second_init_segv", "a crash when a process loads a second model") { Injected = "second_init_segv", Harmless = "200: each worker loads only one model" },
        new("first_killed", "the library ends the process of another model when it loads one") { Injected = "first_killed", Harmless = "200: no other model is loaded" },
        new("cache_segv:any", "a crash when a prompt cache file is loaded") { Injected = "cache_segv:any", Harmless = "200: a model without a saved prefix loads no such file; with one, the model is loaded again without it" },
        new("cache_after_abort", "a crash when a prompt cache file is loaded after an aborted run saved one") { Injected = "cache_after_abort", Harmless = "200: a worker that has saved such a file never loads one" },
        new("template_minus1", "the library keeps its own chat template")
        {
            Injected = "template_minus1", Versions = [.. TestPaths.Runtimes.Except(["1.1.4"])], Logged = "refused to switch its own chat template off", Harmless = "200: prompts are token ids, so the template is not applied twice",
        },
    ];

    /// <summary>The library itself cannot be loaded until its dependency is installed.</summary>
    internal static readonly FaultCase MissingDependency =
        new("dlopen_missing_dep", "a library that the runtime needs is not installed") { Versions = ["1.2.3"], Build = "1.2.3-missing-dep", Error = @"libgomp-absent\.so\.1" };

    private static FaultCase Twice(string name, string meaning, string error) => new(name, meaning) { Injected = $"{name}@1,{name}@2", Error = error };
}
