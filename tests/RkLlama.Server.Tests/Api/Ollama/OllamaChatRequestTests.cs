using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Prompts;
using RkLlama.Server.Api.Ollama;

namespace RkLlama.Server.Tests.Api.Ollama;

public sealed class OllamaChatRequestTests
{
    [Theory]
    [InlineData("\"required\"", true)]
    [InlineData("""{"type":"function","function":{"name":"f"}}""", true)]
    [InlineData("\"auto\"", false)]
    [InlineData("\"none\"", false)]
    [InlineData("null", false)]
    public void Tool_choice_decides_whether_the_output_must_call_a_tool(string choice, bool isRequired)
    {
        using JsonDocument body = JsonDocument.Parse($$$"""
            {"model":"m","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{{{choice}}}}
            """);

        GenerationRequest request = OllamaChatRequest.From(body.RootElement, CpuBudget.Unlimited()).ToGeneration(new RequestTrace("id"));

        request.Output!.RequiresToolCall.Should().Be(isRequired);
    }
}
