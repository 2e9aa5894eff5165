using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Prompts;

namespace RkLlama.Engine.Tests.Generation;

public sealed class TokenBudgetTests : IAsyncDisposable
{
    private readonly EngineNode _node = new();
    private readonly ModelInstance _model;

    public TokenBudgetTests()
    {
        _node.AddModel("small", "FROM=\"m.rkllm\"\nNUM_CTX=100\nMAX_NEW_TOKENS=50\n");
        _model = _node.Host.Find("small");
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [InlineData(10, null, 50)]
    [InlineData(10, 20, 20)]
    [InlineData(10, 80, 50)]
    [InlineData(70, null, 30)]
    [InlineData(70, 40, 30)]
    [InlineData(84, null, 16)]
    [InlineData(99, 1, 1)]
    public void The_token_limit_is_the_minimum_of_request_model_and_free_context(int promptTokens, int? asked, int expected) =>
        TokenBudget.For(TokensOf(promptTokens), _model, asked, "messages").MaxNewTokens.Should().Be(expected);

    [Theory]
    [InlineData(85, null)]
    [InlineData(99, 2)]
    [InlineData(100, 1)]
    [InlineData(120, null)]
    public void A_prompt_that_leaves_too_little_room_is_refused_by_its_field(int promptTokens, int? asked)
    {
        Action budget = () => TokenBudget.For(TokensOf(promptTokens), _model, asked, "input");

        ContextLengthException refused = budget.Should().Throw<ContextLengthException>().Which;

        (refused.PromptTokens, refused.ContextLength, refused.PromptField).Should().Be((promptTokens, 100, "input"));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(20, 20)]
    [InlineData(80, 50)]
    public void An_estimated_prompt_is_never_refused(int? asked, int? expected)
    {
        Prompt estimated = new(PromptText.Trusted("long"), null, 5000);

        TokenBudget.For(estimated, _model, asked, "messages").MaxNewTokens.Should().Be(expected);
    }

    private static Prompt TokensOf(int count) => new(PromptText.Trusted("x"), [.. Enumerable.Range(0, count)], count);
}
