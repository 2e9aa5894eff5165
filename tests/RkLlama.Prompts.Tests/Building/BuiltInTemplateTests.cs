namespace RkLlama.Prompts.Tests.Building;

public sealed class BuiltInTemplateTests
{
    private static readonly Conversation _hello = new([new("user", "Hi")]);

    [Theory]
    [InlineData("Qwen2.5-1.5B", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")]
    [InlineData("Llama-2-7b-chat", "<s>[INST] Hi [/INST]")]
    [InlineData("Meta-Llama-3.1-8B", "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n")]
    [InlineData("gemma-2-2b-it", "<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n")]
    [InlineData("Phi-3-mini-4k", "<|user|>\nHi<|end|>\n<|assistant|>\n")]
    [InlineData("TinyLlama-1.1B-Chat-v1.0", "<|user|>\nHi</s>\n<|assistant|>\n")]
    [InlineData("DeepSeek-R1-Distill-Qwen-1.5B", "<｜begin▁of▁sentence｜><｜User｜>Hi<｜Assistant｜><think>\n")]
    public void The_model_name_selects_the_template_of_the_family(string name, string expected)
    {
        using ModelDirectory model = new();

        PromptBuilder prompts = model.Load(name);

        prompts.Build(_hello).Text.Text.Should().Be(expected);
        prompts.Notes.Where(note => note.IsWarning).Should().ContainSingle(note => note.Text.Contains("tokenizer.json"));
    }
}
