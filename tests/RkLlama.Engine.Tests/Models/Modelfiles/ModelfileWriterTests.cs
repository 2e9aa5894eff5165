using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Tests.Models.Modelfiles;

public sealed class ModelfileWriterTests
{
    private static readonly string[] OddTexts =
    [
        "plain", " blanks around ", "a # comment", "${FROM}", "$FROM and ${X:-y}", "\"quoted\"", "'single'", "\"\"\"three\"\"\"", "back\\slash \\n \\${FROM}", "ends with \\",
        "two\nlines", "\nstarts with a line break", "ends with one\n", "\r\n mixed \r", "tab\tand\u0001control", "key=value\nFROM=other", "[table]\nx", "ünïcödé 漢字 🙂", "FROM x\nPARAMETER y",
        "{% if x %}{{ messages[0]['content'] }}{% endif %}", "\"", "\\", "\"\n\"", "#", "'''", "a\n\"\"\"\nb",
    ];

    public static TheoryData<string> Keys => [.. ModelfileKeys.All.Select(static key => key.Name)];

    public static TheoryData<string> Texts => [.. OddTexts];

    [Theory]
    [MemberData(nameof(Keys))]
    public void Each_key_is_written_and_read_again(string key)
    {
        string value = ((string[])["0.5", "1", "64", "true", "text", "generic", "mean", "user Hello", "Query: {text}"]).First(text => ModelfileKeys.Find(key)!.Set(Modelfile.Empty, text) is not null);
        Modelfile modelfile = ModelfileKeys.Find(key)!.Set(Modelfile.Empty, value)!;

        Modelfile read = ModelfileReader.Parse(ModelfileWriter.Write(modelfile));

        modelfile.Should().NotBe(Modelfile.Empty);
        (read with { Warnings = [] }).Should().Be(modelfile with { Warnings = [] });
        read.Warnings.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Any_text_is_written_and_read_again(string text)
    {
        Modelfile modelfile = Modelfile.Empty with
        {
            From = "m.rkllm",
            System = text,
            Template = text,
            License = text,
            StopSequences = new("one", text),
            Messages = new($"user {text}", "assistant "),
        };

        Modelfile read = ModelfileReader.Parse(ModelfileWriter.Write(modelfile));

        (read with { Warnings = [] }).Should().Be(modelfile with { Warnings = [] });
    }

    [Fact]
    public void Random_texts_are_written_and_read_again()
    {
        const string Alphabet = "ab \"'\\\n\r\t#${}=[]:-.%\u0001\u00e9";
        Random random = new(7);
        for (int i = 0; i < 2000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            Modelfile modelfile = Modelfile.Empty with { From = "m.rkllm", System = text, Messages = random.Next(2) == 0 ? TextList.Empty : new("user " + text, "assistant x") };

            Modelfile read = ModelfileReader.Parse(ModelfileWriter.Write(modelfile));

            (read with { Warnings = [] }).Should().Be(modelfile with { Warnings = [] }, "the text was {0}", System.Text.Json.JsonEncodedText.Encode(text));
        }
    }

    [Fact]
    public void No_limit_of_the_answer_is_minus_one()
    {
        Modelfile modelfile = ModelfileReader.Parse("FROM=\"m.rkllm\"\nMAX_NEW_TOKENS=-1\n");

        ModelfileWriter.Write(modelfile).Should().Be("FROM=\"m.rkllm\"\nMAX_NEW_TOKENS=-1\n");
    }
}
