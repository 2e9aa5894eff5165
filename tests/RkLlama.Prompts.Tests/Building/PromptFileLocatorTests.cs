using RkLlama.Prompts.Loading;

namespace RkLlama.Prompts.Tests.Building;

public sealed class PromptFileLocatorTests
{
    private static readonly Conversation _hello = new([new("user", "Hi")]);

    [Fact]
    public void The_template_file_has_priority_over_the_configuration()
    {
        using ModelDirectory model = new();
        model.Add("tokenizer_config.json", """{"chat_template": "config"}""").Add("chat_template.jinja", "file:{{ messages[0].content }}");

        model.Load().Build(_hello).Text.Text.Should().Be("file:Hi");
    }

    [Fact]
    public void Files_are_found_in_the_Hugging_Face_cache()
    {
        using ModelDirectory model = new();
        using ModelDirectory cache = new();
        cache.Add("hub/models--Org--Name/refs/main", "abc123\n")
            .Add("hub/models--Org--Name/snapshots/abc123/tokenizer_config.json", """{"chat_template": "cached:{{ bos_token }}", "bos_token": {"content": "<B>"}}""")
            .Add("hub/models--Org--Name/snapshots/older/tokenizer_config.json", """{"chat_template": "older"}""");
        Environment.SetEnvironmentVariable("HF_HOME", cache.Path);
        try
        {
            model.Load(with: settings => settings with { HuggingFacePath = "Org/Name" }).Build(_hello).Text.Text.Should().Be("cached:<B>");
            model.Load(with: settings => settings with { HuggingFacePath = "../hub" }).Build(_hello).Text.Text.Should().StartWith("<|im_start|>");
        }
        finally
        {
            Environment.SetEnvironmentVariable("HF_HOME", null);
        }
    }

    [Fact]
    public void A_tokenizer_json_has_priority_over_a_rank_file()
    {
        using ModelDirectory model = new();
        PromptFileLocator locator = new(model.Path, null);

        locator.FindTokenizerFiles().Should().BeEmpty();
        model.Add("qwen.tiktoken", "");
        locator.FindTokenizerFiles().Should().Equal(Path.Combine(model.Path, "qwen.tiktoken"));
        model.Add("tokenizer.json", "{}");
        locator.FindTokenizerFiles().Should().Equal(Path.Combine(model.Path, "tokenizer.json"));
    }

    [Fact]
    public void A_configuration_that_nests_too_deeply_is_refused()
    {
        using ModelDirectory model = new();
        model.Add("tokenizer_config.json", $$"""{"x": {{new string('[', 64)}}{{new string(']', 64)}}}""");

        PromptFileLocator files = new(model.Path, null);
        Action find = () => files.FindSpecialTokens();

        files.FindTemplates().Should().BeEmpty();
        files.Problems.Should().ContainSingle(problem => problem.Text.Contains("tokenizer_config.json"));
        find.Should().Throw<System.Text.Json.JsonException>();
    }
}
