using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Tests.Models.Modelfiles;

public class ModelfileOllamaTests
{
    [Fact]
    public void A_Modelfile_of_Ollama_is_read()
    {
        Modelfile modelfile = ModelfileReader.Parse(""""
            # a comment
            FROM ./qwen.rkllm
            PARAMETER temperature 0.7
            PARAMETER num_ctx 2048
            PARAMETER num_predict 100
            PARAMETER top_k 20
            PARAMETER top_p 0.8
            PARAMETER repeat_penalty 1.05
            PARAMETER presence_penalty 0.5
            PARAMETER frequency_penalty 0.25
            PARAMETER mirostat 1
            PARAMETER mirostat_tau 3
            PARAMETER mirostat_eta 0.2
            PARAMETER stop "<|im_end|>"
            PARAMETER stop User:
            SYSTEM """You are a pirate.
            You say "aye".
            """
            LICENSE """
            MIT"""
            """");

        modelfile.Should().BeEquivalentTo(new Modelfile
        {
            From = "./qwen.rkllm",
            Temperature = 0.7,
            NumCtx = 2048,
            MaxNewTokens = 100,
            TopK = 20,
            TopP = 0.8,
            RepeatPenalty = 1.05,
            PresencePenalty = 0.5,
            FrequencyPenalty = 0.25,
            Mirostat = 1,
            MirostatTau = 3,
            MirostatEta = 0.2,
            StopSequences = new("<|im_end|>", "User:"),
            System = "You are a pirate.\nYou say \"aye\".\n",
            License = "\nMIT",
        });
    }

    [Theory]
    [InlineData("SYSTEM \"\"\"one line\"\"\"", "one line")]
    [InlineData("SYSTEM \"\"\"\"quoted\" text\"\"\"  ", "\"quoted\" text")]
    [InlineData("SYSTEM \"\"\"a\n# no comment\nPARAMETER top_k 5\n\"\"\"", "a\n# no comment\nPARAMETER top_k 5\n")]
    [InlineData("SYSTEM \"\"\"a\"\"\" b\n\"\"\"", "a\"\"\" b\n")]
    [InlineData("SYSTEM \"\"\"\"\"\"", "")]
    [InlineData("SYSTEM \"two\nlines\"", "two\nlines")]
    [InlineData("SYSTEM \"say \"hi\" to all\"", "say \"hi\" to all")]
    [InlineData("SYSTEM Answer in C # or in C++", "Answer in C # or in C++")]
    [InlineData("SYSTEM 'single' ${HOME} \\n  ", "'single' ${HOME} \\n")]
    [InlineData("system\tlower case", "lower case")]
    [InlineData("System Mixed case", "Mixed case")]
    public void A_value_has_the_rules_of_Ollama(string line, string expected)
    {
        foreach (string newLine in (string[])["\n", "\r\n"])
        {
            string text = $"FROM x y.rkllm\nPARAMETER temperature 1\n{line}\nPARAMETER top_k 7\n".Replace("\n", newLine, StringComparison.Ordinal);

            Modelfile modelfile = ModelfileReader.Parse(text);

            modelfile.System.Should().Be(expected.Replace("\n", newLine, StringComparison.Ordinal));
            (modelfile.From, modelfile.Temperature, modelfile.TopK).Should().Be(("x y.rkllm", 1, 7));
        }
    }

    [Theory]
    [InlineData("from ./x.rkllm\nsystem You are brief.\n")]
    [InlineData("From ./x.rkllm\nParameter Temperature 0.5\nSystem You are brief.")]
    [InlineData("SYSTEM \"\"\"You are brief.\"\"\"\n\nFROM \"./x.rkllm\"")]
    [InlineData("FROM=\"./x.rkllm\"\nHUGGINGFACE_PATH=\"a/b\"\nSYSTEM \"\"\"You are brief.\"\"\"")]
    [InlineData("FROM ./x.rkllm\nHUGGINGFACE_PATH a/b # c\nexport TOP_K=5\nPARAMETER seed 1\nSYSTEM You are brief.")]
    public void Each_mark_of_the_syntax_is_recognized(string text)
    {
        Modelfile modelfile = ModelfileReader.Parse(text);

        (modelfile.From, modelfile.System).Should().Be(("./x.rkllm", "You are brief."));
        modelfile.HuggingFacePath.Should().Be(text.Contains("a/b", StringComparison.Ordinal) ? "a/b" : null);
    }

    [Theory]
    [InlineData("FROM x y\nSYSTEM a # c\n", "a")]
    [InlineData("FROM x y\nSYSTEM \"a\\n\"\n", "a\n")]
    [InlineData("FROM x y\nSYSTEM \"\nPARAMETER top_k 5\n\"\n", "\nPARAMETER top_k 5\n")]
    [InlineData("FROM=x y\nfrom z\nSYSTEM='a'\n", "a")]
    public void A_file_without_such_a_mark_keeps_its_other_syntax(string text, string expected)
    {
        Modelfile modelfile = ModelfileReader.Parse(text);

        (modelfile.From, modelfile.System, modelfile.TopK).Should().Be(("x y", expected, null));
    }

    [Theory]
    [InlineData("PARAMETER seed 42", "Modelfile:2:11: the runtime has no parameter seed; it is ignored")]
    [InlineData("PARAMETER min_p 0.05", "Modelfile:2:11: the runtime has no parameter min_p; it is ignored")]
    [InlineData("PARAMETER warmth 3", "Modelfile:2:11: unknown parameter 'warmth' is ignored")]
    [InlineData("REQUIRES 0.14.0\nPARAMETER top_k 1", "Modelfile:2:1: REQUIRES is not supported and is ignored")]
    [InlineData("NOVELTY x\nPARAMETER top_k 1", "Modelfile:2:1: unknown key 'NOVELTY' is ignored")]
    [InlineData("PARAMETER top_k 1\nPARAMETER top_k 2", "Modelfile:3:11: TOP_K is set again; the value of line 2 is ignored")]
    public void A_line_without_effect_is_a_warning(string lines, string warning) =>
        ModelfileReader.Parse($"FROM x y\n{lines}\n").Warnings.Should().Equal(warning);

    [Theory]
    [InlineData("ADAPTER ./lora.safetensors", 2, 1, "ADAPTER is not supported")]
    [InlineData("adapter ./lora", 2, 1, "ADAPTER is not supported")]
    [InlineData("PARAMETER temperature warm", 2, 23, "TEMPERATURE is 'warm'; it must be a number from 0 to 2")]
    [InlineData("PARAMETER num_ctx 8", 2, 19, "NUM_CTX is '8'")]
    [InlineData("PARAMETER temperature", 2, 1, "PARAMETER needs a name and a value")]
    [InlineData("PARAMETER", 2, 1, "PARAMETER needs a name and a value")]
    [InlineData("SYSTEM \"\"\"open\nend", 2, 8, "triple quotes are not closed")]
    [InlineData("PARAMETER top_k 1\nSYSTEM \"open\nend", 3, 8, "quote is not closed")]
    [InlineData("PARAMETER top_k 1\nthis is junk", 3, 1, "neither KEY=value nor KEY value")]
    public void An_error_has_line_and_column(string lines, int line, int column, string reason)
    {
        Action read = () => ModelfileReader.Parse($"FROM x y\n{lines}\n");

        ModelfileException error = read.Should().Throw<ModelfileException>().Which;
        (error.Line, error.Column).Should().Be((line, column));
        error.Reason.Should().Contain(reason);
    }

    [Theory]
    [InlineData("-1", int.MaxValue)]
    [InlineData("-2", int.MaxValue)]
    [InlineData("7", 7)]
    public void A_negative_num_predict_means_no_limit(string value, int expected) =>
        ModelfileReader.Parse($"FROM x\nPARAMETER num_predict {value}").MaxNewTokens.Should().Be(expected);

    [Theory]
    [InlineData("FROM x\nTEMPLATE \"\"\"{{ if .System }}<|im_start|>{{ .System }}{{ end }}{{ .Prompt }}\"\"\"\n")]
    [InlineData("FROM x\nTEMPLATE \"{{ .Prompt }}\"\nPARAMETER top_k 1\n")]
    [InlineData("FROM x\nTEMPLATE \"\"\"{{- range $i, $_ := .Messages }}x{{- end }}\"\"\"\n")]
    [InlineData("FROM=x y\nTEMPLATE=\"[INST] {{ .Prompt }} [/INST]\"\n")]
    public void A_Go_template_is_ignored_with_a_warning(string text)
    {
        Modelfile modelfile = ModelfileReader.Parse(text);

        modelfile.Template.Should().BeNull();
        modelfile.Warnings.Should().ContainSingle().Which.Should().Contain("TEMPLATE is a Go template");
    }

    [Theory]
    [InlineData("{{ messages[0].content }}")]
    [InlineData("{% for m in messages %}{{ m.content }}{% endfor %}")]
    [InlineData("{{- bos_token }}{%- if tools %}{{ '{{ .Prompt }}' }}{% endif %}")]
    [InlineData("chatml")]
    public void A_Jinja_template_or_its_name_is_used(string template)
    {
        Modelfile modelfile = ModelfileReader.Parse($"FROM x\nTEMPLATE \"\"\"{template}\"\"\"\n");

        modelfile.Template.Should().Be(template);
        modelfile.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void Many_quotes_take_linear_time()
    {
        string text = "PARAMETER top_k 1\nSYSTEM \"\"\"" + string.Concat(Enumerable.Repeat("\"\"\" x\n", 9000));

        Action read = () => FluentActions.Invoking(() => ModelfileReader.Parse(text)).Should().Throw<ModelfileException>().WithMessage("*2:8: these triple quotes are not closed");

        read.ExecutionTime().Should().BeLessThan(TimeSpan.FromSeconds(5));
    }
}
