using RkLlama.Hub.Hubs;
using RkLlama.Hub.Selection;

namespace RkLlama.Hub.Tests.Selection;

public class FileSelectorTests
{
    private static readonly SelectionRequest Board = new() { Platform = "rk3588", Runtime = new(1, 2, 3) };

    [Theory]
    [InlineData("c01zaut/Qwen2.5-3B-Instruct-RK3588-1.1.4", "Qwen2.5-3B-Instruct-rk3588-w8a8-opt-1-hybrid-ratio-0.5.rkllm", "rk3588", "w8a8", 1, 0.5, null, "1.1.4")]
    [InlineData("c01zaut/Llama-3.2-1B-Instruct-rk3588-1.1.1", "Llama-3.2-1B-Instruct-rk3588-w8a8_g512-opt-0-hybrid-ratio-0.0.rkllm", "rk3588", "w8a8_g512", 0, 0.0, null, "1.1.1")]
    [InlineData("punchnox/Tinnyllama-1.1B-rk3588-rkllm-1.1.4", "TinyLlama-1.1B-Chat-v1.0-rk3588-w8a8-opt-0-hybrid-ratio-0.5.rkllm", "rk3588", "w8a8", 0, 0.5, null, "1.1.4")]
    [InlineData("jamescallander/deepseek-coder-6.7b-instruct_w8a8_g128_rk3588.rkllm", "deepseek-coder-6.7b-instruct_w8a8_g128_rk3588.rkllm", "rk3588", "w8a8_g128", null, null, null, null)]
    [InlineData("HanzoHuang/Qwen2.5-1.5B-Instruct-RKLLM", "RK3576/Qwen2.5-1.5B-Instruct_w4a16_RK3576.rkllm", "rk3576", "w4a16", null, null, null, null)]
    [InlineData("HanzoHuang/DeepSeek-R1-Distill-Qwen-1.5B-RKLLM", "DeepSeek-R1-Distill-Qwen-1.5B_RK3576_w4a16_g128.rkllm", "rk3576", "w4a16_g128", null, null, null, null)]
    [InlineData("kautism/Qwen2.5-3B-abliterated-RKLLM", "Qwen2.5-3B-abliterated-16k-rk3588.rkllm", "rk3588", null, null, null, 16384, null)]
    [InlineData("kautism/DeepSeek-R1-Distill-Qwen-1.5B-RK3588S-RKLLM1.1.4", "deepseek-r1-1.5B-rkllm1.1.4.rkllm", "rk3588", null, null, null, null, "1.1.4")]
    [InlineData("kamyarkazemi1373/Qwen3-4B-W8A8-RK3588", "Qwen3-4B-w8a8-npu.rkllm", "rk3588", "w8a8", null, null, null, null)]
    [InlineData("GatekeeperZA/Qwen3-1.7B-RKLLM-v1.2.3", "Qwen3-1.7B-w8a8-rk3588-ctx4096.rkllm", "rk3588", "w8a8", null, null, 4096, "1.2.3")]
    [InlineData("ndneighbor/gemma-4-E2B-it-RKLLM-RK3588-W8A8-ctx16k", "gemma-4-E2B-it.rkllm", "rk3588", "w8a8", null, null, 16384, null)]
    [InlineData("happyme531/Qwen2.5-VL-3B-Instruct-RKLLM", "language_model_w8a8.rkllm", null, "w8a8", null, null, null, null)]
    [InlineData("Pelochus/qwen-1_8B-rk3588", "qwen-chat-1_8B.rkllm", "rk3588", null, null, null, null, null)]
    [InlineData("imkebe/QwQ-32B-Preview-rk3588-1.1.3", "QwQ-32B-Preview-rk3588-w8a8-opt-1-hybrid-ratio-0.0.rkllm", "rk3588", "w8a8", 1, 0.0, null, "1.1.3")]
    [InlineData("dulimov/Qwen3-4B-Instruct-2507-rk3588-1.2.2", "Qwen3-4B-Instruct-2507-rk3588-w8a8_g512-opt-1-hybrid-ratio-1.0.rkllm", "rk3588", "w8a8_g512", 1, 1.0, null, "1.2.2")]
    [InlineData("akmaldira/Qwen2.5-3B-Instruct-RKLLM", "qwen2.5-3b-instruct_w8a8_rk3588.rkllm", "rk3588", "w8a8", null, null, null, null)]
    [InlineData("c01zaut/Qwen2.5-3B-Instruct-RK3588-1.1.4", "Qwen2.5-3B-Instruct-rk3588-w8a8-opt-0-hybrid-ratio-0.0.rkllm", "rk3588", "w8a8", 0, 0.0, null, "1.1.4")]
    [InlineData("c01zaut/Qwen2.5-3B-Instruct-RK3588-1.1.4", "Qwen2.5-3B-Instruct-rk3588-w8a8-opt-0-hybrid-ratio-0.5.rkllm", "rk3588", "w8a8", 0, 0.5, null, "1.1.4")]
    [InlineData("c01zaut/Qwen2.5-3B-Instruct-RK3588-1.1.4", "Qwen2.5-3B-Instruct-rk3588-w8a8-opt-0-hybrid-ratio-1.0.rkllm", "rk3588", "w8a8", 0, 1.0, null, "1.1.4")]
    [InlineData("c01zaut/Qwen2.5-3B-Instruct-RK3588-1.1.4", "Qwen2.5-3B-Instruct-rk3588-w8a8-opt-1-hybrid-ratio-0.0.rkllm", "rk3588", "w8a8", 1, 0.0, null, "1.1.4")]
    [InlineData("c01zaut/Qwen2.5-3B-Instruct-RK3588-1.1.4", "Qwen2.5-3B-Instruct-rk3588-w8a8-opt-1-hybrid-ratio-1.0.rkllm", "rk3588", "w8a8", 1, 1.0, null, "1.1.4")]
    [InlineData("c01zaut/Qwen2.5-3B-Instruct-RK3588-1.1.4", "Qwen2.5-3B-Instruct-rk3588-w8a8_g128-opt-0-hybrid-ratio-1.0.rkllm", "rk3588", "w8a8_g128", 0, 1.0, null, "1.1.4")]
    [InlineData("c01zaut/Llama-3.2-1B-Instruct-rk3588-1.1.1", "Llama-3.2-1B-Instruct-rk3588-w8a8-opt-1-hybrid-ratio-0.0.rkllm", "rk3588", "w8a8", 1, 0.0, null, "1.1.1")]
    [InlineData("c01zaut/Llama-3.2-1B-Instruct-rk3588-1.1.1", "Llama-3.2-1B-Instruct-rk3588-w8a8_g128-opt-1-hybrid-ratio-0.5.rkllm", "rk3588", "w8a8_g128", 1, 0.5, null, "1.1.1")]
    [InlineData("c01zaut/Qwen2.5-Coder-7B-Instruct-rk3588-1.1.2", "Qwen2.5-Coder-7B-Instruct-rk3588-w8a8-opt-1-hybrid-ratio-1.0.rkllm", "rk3588", "w8a8", 1, 1.0, null, "1.1.2")]
    [InlineData("c01zaut/Qwen2.5-Coder-7B-Instruct-rk3588-1.1.2", "Qwen2.5-Coder-7B-Instruct-rk3588-w8a8_g128-opt-0-hybrid-ratio-0.5.rkllm", "rk3588", "w8a8_g128", 0, 0.5, null, "1.1.2")]
    [InlineData("HanzoHuang/Qwen2.5-1.5B-Instruct-RKLLM", "RK3576/Qwen2.5-1.5B-Instruct_w8a8_RK3576.rkllm", "rk3576", "w8a8", null, null, null, null)]
    [InlineData("HanzoHuang/Qwen2.5-1.5B-Instruct-RKLLM", "RK3588/Qwen2.5-1.5B-Instruct_w8a8_RK3588.rkllm", "rk3588", "w8a8", null, null, null, null)]
    [InlineData("HanzoHuang/DeepSeek-R1-Distill-Qwen-1.5B-RKLLM", "DeepSeek-R1-Distill-Qwen-1.5B_RK3588_w8a8.rkllm", "rk3588", "w8a8", null, null, null, null)]
    [InlineData("kamyarkazemi1373/Qwen3-4B-W8A8-RK3588", "Qwen3-4B-w8a8-hybrid.rkllm", "rk3588", "w8a8", null, null, null, null)]
    [InlineData("macrae/Llama-3-2-3B-rk3588", "meta-llama_Llama-3.2-3B-rk3588.rkllm", "rk3588", null, null, null, null, null)]
    [InlineData("Pelochus/qwen2-1_8B-rk3588", "qwen2-1.8B-rk3588.rkllm", "rk3588", null, null, null, null, null)]
    public void Names_of_published_files_tell_their_traits(
        string repository, string path, string? platform, string? quantization, int? level, double? ratio, int? context, string? toolkit)
    {
        FileTraits traits = FileTraits.Of(path, repository);

        (traits.Platform, traits.Quantization, traits.OptimizationLevel, traits.HybridRatio, traits.ContextLength, traits.Toolkit?.ToString())
            .Should().Be((platform, quantization, level, ratio, context, toolkit));
    }

    [Fact]
    public void A_quantization_that_the_NPU_does_not_have_is_left_out_and_a_file_that_is_named_gets_a_warning()
    {
        HubRepository repository = Repository("a/quant", "m-w4a16.rkllm", "m-w8a8.rkllm");

        FileChoice chosen = FileSelector.Choose(repository, null, null, Board), named = FileSelector.Choose(repository, "m-w4a16.rkllm", null, Board);

        chosen.File!.Path.Should().Be("m-w8a8.rkllm");
        named.Warnings.Should().Equal("the file has the quantization w4a16, which the NPU of rk3588 does not have: the runtime will probably refuse it");
        FileSelector.Choose(repository, null, null, Board with { Platform = "rk3576", Quantization = "w4a16" }).Warnings.Should().BeEmpty();
    }

    [Fact]
    public void If_all_files_are_for_another_platform_none_is_offered()
    {
        FileSelector.Choose(Repository("a/only3576", "m-rk3576-w8a8.rkllm", "m-rk3576-w4a16.rkllm"), null, null, Board).IsForeign.Should().BeTrue();
        FileSelector.Choose(Repository("a/old", "m-rk3588-w8a8-1.9.9.rkllm"), null, null, Board).IsForeign.Should().BeFalse();
    }

    [Fact]
    public void Files_for_other_platforms_are_left_out()
    {
        HubRepository repository = Repository("HanzoHuang/Qwen2.5-1.5B-Instruct-RKLLM",
            "RK3576/Qwen2.5-1.5B_w4a16_RK3576.rkllm", "RK3576/Qwen2.5-1.5B_w8a8_RK3576.rkllm", "RK3588/Qwen2.5-1.5B_w8a8_RK3588.rkllm");

        FileChoice choice = FileSelector.Choose(repository, null, null, Board);

        choice.File!.Path.Should().Be("RK3588/Qwen2.5-1.5B_w8a8_RK3588.rkllm");
        choice.Reason.Should().Be("it is the only file that fits");
    }

    [Fact]
    public void Among_files_of_one_model_the_stated_order_decides_and_the_reason_is_said()
    {
        string[] names = [.. from level in (int[])[0, 1] from ratio in (string[])["0.0", "0.5", "1.0"] from quantization in (string[])["w8a8", "w8a8_g128"]
            select $"Qwen2.5-3B-Instruct-rk3588-{quantization}-opt-{level}-hybrid-ratio-{ratio}.rkllm"];

        FileChoice choice = FileSelector.Choose(Repository("c01zaut/Qwen2.5-3B-Instruct-RK3588-1.1.4", names), null, null, Board);

        choice.File!.Path.Should().Be("Qwen2.5-3B-Instruct-rk3588-w8a8-opt-1-hybrid-ratio-0.0.rkllm");
        choice.Reason.Should().Contain("hybrid ratio 0.0");
    }

    [Fact]
    public void Different_models_in_a_repository_are_listed_and_none_is_chosen()
    {
        FileChoice choice = FileSelector.Choose(Repository("romancone/rkllm-models", "qwen/model.rkllm", "llama/model.rkllm"), null, null, Board);

        choice.File.Should().BeNull();
        choice.Reason.Should().Be("the repository has several models");
        choice.Candidates.Select(static file => file.Path).Should().Equal("qwen/model.rkllm", "llama/model.rkllm");
    }

    [Fact]
    public void A_directory_narrows_the_choice()
    {
        FileChoice choice = FileSelector.Choose(Repository("romancone/rkllm-models", "qwen/model.rkllm", "llama/model.rkllm"), "llama", null, Board);

        choice.File!.Path.Should().Be("llama/model.rkllm");
    }

    [Fact]
    public void Two_equal_files_are_listed_and_none_is_chosen()
    {
        FileChoice choice = FileSelector.Choose(Repository("o/r", "model_w8a8_rk3588.rkllm", "model-w8a8-rk3588.rkllm"), null, null, Board);

        (choice.File, choice.Reason).Should().Be((null, "several files fit equally well"));
    }

    [Fact]
    public void Files_with_equal_content_count_once()
    {
        HubRepository repository = new("o/r", "c", [new("model_w8a8_rk3588.rkllm", 1) { Sha256 = "aa" }, new("model-w8a8-rk3588.rkllm", 1) { Sha256 = "aa" }]);

        FileSelector.Choose(repository, null, null, Board).File!.Path.Should().Be("model_w8a8_rk3588.rkllm");
    }

    [Theory]
    [InlineData("m-rk3588-w8a8-1.3.0.rkllm", "no file is of a toolkit that the runtime 1.2.3 can read")]
    [InlineData("m-rk3588-w8a8-1.0.1.rkllm", "no file is of a toolkit that the runtime 1.2.3 can read")]
    [InlineData("m-rk3576-w8a8.rkllm", "no file is for rk3588")]
    public void A_file_that_the_node_cannot_run_is_not_chosen_silently(string path, string reason)
    {
        HubRepository repository = Repository("o/r", path);

        FileChoice unnamed = FileSelector.Choose(repository, null, null, Board), named = FileSelector.Choose(repository, path, null, Board);

        (unnamed.File, unnamed.Reason).Should().Be((null, reason));
        named.File!.Path.Should().Be(path);
        named.Warnings.Should().ContainSingle();
    }

    [Fact]
    public void The_newest_toolkit_that_the_runtime_can_read_is_chosen()
    {
        HubRepository repository = Repository("o/r", "m-rk3588-w8a8-1.1.4.rkllm", "m-rk3588-w8a8-1.2.1.rkllm", "m-rk3588-w8a8-1.3.0.rkllm");

        FileSelector.Choose(repository, null, null, Board).File!.Path.Should().Be("m-rk3588-w8a8-1.2.1.rkllm");
    }

    [Fact]
    public void Quantization_and_context_are_as_asked()
    {
        HubRepository repository = Repository("o/r", "m-rk3588-w8a8-4k.rkllm", "m-rk3588-w8a8-16k.rkllm", "m-rk3588-w8a8_g128-16k.rkllm");

        FileSelector.Choose(repository, null, null, Board).File!.Path.Should().Be("m-rk3588-w8a8-4k.rkllm");
        FileSelector.Choose(repository, null, null, Board with { ContextLength = 8192 }).File!.Path.Should().Be("m-rk3588-w8a8-16k.rkllm");
        FileSelector.Choose(repository, null, null, Board with { Quantization = "W8A8-G128" }).File!.Path.Should().Be("m-rk3588-w8a8_g128-16k.rkllm");
        FileSelector.Choose(repository, null, null, Board with { Quantization = "w4a16" }).Reason.Should().Be("no file has the quantization w4a16");
    }

    [Fact]
    public void A_branch_may_tell_the_traits()
    {
        HubRepository repository = Repository("macrae/Llama-3-2-3B-rk3588", "meta-llama_Llama-3.2-3B-rk3588.rkllm");

        FileSelector.Choose(repository, null, "w8a8_g512-toolkitv1.1.1", Board with { Quantization = "w8a8_g512" }).File.Should().NotBeNull();
    }

    [Fact]
    public void A_repository_without_a_model_says_so()
    {
        FileChoice choice = FileSelector.Choose(Repository("o/r", "README.md", "model.gguf"), null, null, Board);

        (choice.File, choice.Reason).Should().Be((null, "the repository has no .rkllm file"));
    }

    [Fact]
    public void A_named_file_is_found_without_its_directory_if_there_is_one_only()
    {
        HubRepository repository = Repository("o/r", "a/one.rkllm", "b/two.rkllm", "c/two.rkllm");

        FileSelector.Choose(repository, "one.rkllm", null, Board).File!.Path.Should().Be("a/one.rkllm");
        FileSelector.Choose(repository, "two.rkllm", null, Board).Reason.Should().Be("the repository has no file 'two.rkllm'");
    }

    private static HubRepository Repository(string name, params string[] paths) => new(name, "c", [.. paths.Select(static path => new HubFile(path, 1))]);
}
