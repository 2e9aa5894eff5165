using System.Text.Json;
using RkLlama.Engine.Generation.Prefixes;
using RkLlama.Engine.Tests.Support;
using RkLlama.Prompts;
using RkLlama.Prompts.Tests.Support;

namespace RkLlama.Engine.Tests.Prefixes;

/// <summary>The common beginning of prompts, with the chat templates of real models.</summary>
public sealed class FixedPrefixTests : IDisposable
{
    private const string Question = "What is the weather in Paris? Answer in one sentence.";
    private static readonly string System = string.Join(' ', Enumerable.Range(0, 200).Select(static i => $"Rule {i}: be brief."));
    private static readonly JsonElement Tool = JsonElement.Parse(
        """{"type":"function","function":{"name":"weather","description":"Returns the weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}""");

    private readonly TempDirectory _model = new();

    public static TheoryData<string> Templates => [.. ConformanceData.TemplateNames];

    public void Dispose() => _model.Dispose();

    [TemplateConformance]
    [MemberData(nameof(Templates))]
    public void The_prefix_is_the_beginning_of_every_prompt_and_has_nothing_of_the_user(string template)
    {
        PromptBuilder prompts = Load(template);
        Conversation first = new([new("system", System), new("user", Question)]);
        Conversation second = new([new("system", System), new("user", "Hi"), new("assistant", "Hello."), new("user", "What is 1 + 1?")]);
        if (TryBuild(prompts, first) is not { } prompt || TryBuild(prompts, second) is not { } other)
            return;

        int[] prefix = FixedPrefix.Compute(prompts, new(FixedPrefix.BeginningOf(first), prompt), PromptLimits.None())!;

        prefix.Length.Should().BeGreaterThan(FixedPrefix.MinTokens);
        prompt.Take(prefix.Length).Should().Equal(prefix);
        prompts.Tokenizer!.Decode([.. prefix], skipSpecial: false).Should().Contain("Rule 199").And.NotContain("weather");
        CommonLength(other, prefix).Should().BeGreaterThan(prefix.Length - 16, "a prompt of several turns begins in the same way");
    }

    [TemplateConformance]
    [InlineData("qwen2.5")]
    public void Tools_belong_to_the_prefix(string family)
    {
        PromptBuilder prompts = Load(ConformanceData.TemplateNames.First(name => name.Contains(family, StringComparison.OrdinalIgnoreCase)));
        Conversation conversation = new([new("system", System), new("user", Question)]) { Tools = [Tool] };

        int[] prefix = FixedPrefix.Compute(prompts, new(FixedPrefix.BeginningOf(conversation), TryBuild(prompts, conversation)!), PromptLimits.None())!;

        prompts.Tokenizer!.Decode([.. prefix], skipSpecial: false).Should().Contain("Returns the weather").And.NotContain("Paris");
    }

    [TemplateConformance]
    [InlineData("qwen2.5")]
    public void A_short_beginning_and_one_that_a_real_prompt_does_not_have_are_not_saved(string family)
    {
        PromptBuilder prompts = Load(ConformanceData.TemplateNames.First(name => name.Contains(family, StringComparison.OrdinalIgnoreCase)));
        Conversation brief = new([new("system", "Be brief."), new("user", Question)]), complete = new([new("system", System), new("user", Question)]);
        IReadOnlyList<int> other = TryBuild(prompts, complete with { Messages = [new("system", "x" + System), new("user", Question)] })!;

        FixedPrefix.Compute(prompts, new(FixedPrefix.BeginningOf(brief), TryBuild(prompts, brief)!), PromptLimits.None()).Should().BeNull();
        FixedPrefix.Compute(prompts, new(FixedPrefix.BeginningOf(complete), other), PromptLimits.None()).Should().BeNull();
    }

    [Fact]
    public void The_key_depends_on_what_changes_the_beginning_only()
    {
        Conversation conversation = new([new("system", "a"), new("user", "b")]) { Tools = [Tool] };
        UInt128 key = Key(conversation);

        Key(conversation with { Messages = [new("system", "a"), new("user", "c"), new("assistant", "d"), new("user", "e")] }).Should().Be(key);
        Key(conversation with { ContinuesLastMessage = true }).Should().Be(key);
        Key(conversation with { Messages = [new("system", "x"), new("user", "b")] }).Should().NotBe(key);
        Key(conversation with { Messages = [new("user", "b")] }).Should().NotBe(key);
        Key(conversation with { Tools = null }).Should().NotBe(key);
        Key(conversation with { Tools = [Tool, Tool] }).Should().NotBe(key);
        Key(conversation with { EnableThinking = false }).Should().NotBe(key);
        Key(conversation with { TemplateVariables = new Dictionary<string, JsonElement> { ["x"] = Tool } }).Should().NotBe(key);
    }

    private static UInt128 Key(Conversation conversation) => FixedPrefix.KeyOf(FixedPrefix.BeginningOf(conversation));

    private PromptBuilder Load(string template)
    {
        File.Copy(Path.Combine(ConformanceData.ChatTemplates, "templates", template + ".jinja"), _model.At("chat_template.jinja"));
        File.Copy(ConformanceData.TokenizerFile("qwen-like"), _model.At("tokenizer.json"));
        return PromptBuilder.Load(new("m") { Directory = _model.Path }, TimeProvider.System);
    }

    /// <returns><see langword="null"/> if the template refuses the conversation, for example because it allows no system message.</returns>
    private static IReadOnlyList<int>? TryBuild(PromptBuilder prompts, Conversation conversation)
    {
        try
        {
            return prompts.Build(conversation).Tokens;
        }
        catch (PromptException)
        {
            return null;
        }
    }

    private static int CommonLength(IReadOnlyList<int> one, IReadOnlyList<int> other) => one.Zip(other).TakeWhile(static pair => pair.First == pair.Second).Count();
}
