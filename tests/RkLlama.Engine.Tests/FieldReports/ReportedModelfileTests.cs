using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Tests.FieldReports;

/// <summary>Modelfiles that were refused or not read. Each row has the id of a report in the table of field reports. ⏎ is a line break.</summary>
public sealed class ReportedModelfileTests
{
    [Theory]
    [InlineData("A15", "FROM=\"m.rkllm\"⏎TOKENIZER=\"/models/tokenizer.json\"", "/models/tokenizer.json")]
    [InlineData("A15", "FROM ./m.rkllm⏎TOKENIZER ./tok/tokenizer.json", "./tok/tokenizer.json")]
    [InlineData("A15", "FROM m.rkllm⏎TOKENIZER Org/Name", "Org/Name")]
    public void TOKENIZER_is_a_key(string id, string text, string tokenizer) => Read(text).Tokenizer.Should().Be(tokenizer, id);

    [Theory]
    [InlineData("A16", "FROM ./m.rkllm⏎PARAMETER temperature 0.7⏎SYSTEM \"\"\"You are a pirate.\"\"\"", 0.7, "You are a pirate.")]
    [InlineData("A16", "from m.rkllm⏎parameter temperature 1⏎system You are brief.", 1.0, "You are brief.")]
    [InlineData("A16", "FROM m.rkllm⏎SYSTEM \"\"\"a⏎PARAMETER temperature 2⏎\"\"\"⏎PARAMETER temperature 0.5", 0.5, "a⏎PARAMETER temperature 2⏎")]
    public void The_syntax_of_Ollama_is_read(string id, string text, double temperature, string system)
    {
        Modelfile modelfile = Read(text);

        (modelfile.Temperature, modelfile.System).Should().Be((temperature, system.Replace('⏎', '\n')), id);
    }

    [Theory]
    [InlineData("A17", "FROM=\"m.rkllm\"⏎TOP_P=0", 0.0)]
    [InlineData("A17", "FROM=\"m.rkllm\"⏎TOP_P=\"0.0\"", 0.0)]
    [InlineData("A17", "FROM m.rkllm⏎PARAMETER top_p 0", 0.0)]
    public void TOP_P_may_be_0(string id, string text, double topP) => Read(text).TopP.Should().Be(topP, id);

    private static Modelfile Read(string text) => ModelfileReader.Parse(text.Replace('⏎', '\n') + "\n");
}
