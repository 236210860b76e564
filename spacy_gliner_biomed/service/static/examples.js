/** Invented texts to try. */

export const EXAMPLES = [
  {
    name: "Clinic note",
    text: `34-year-old woman, relapsing-remitting multiple sclerosis since 2019. New numbness of the left hand for ten days, no optic neuritis. MRI of the cervical spinal cord: one enhancing lesion at C4.

Plan: methylprednisolone 1 g intravenously for three days, change from glatiramer acetate to ocrelizumab after testing for hepatitis B.`,
    labels: ["disease", "symptom", "drug", "dosage", "anatomical structure", "diagnostic procedure"],
  },
  {
    name: "Discharge medication",
    text: `DISCHARGE MEDICATION
- apixaban 5 mg twice daily
- metoprolol succinate 50 mg in the morning
- ramipril 2.5 mg, increase if BP > 140/90
- paracetamol as needed for pain (max. 3 g/day)

STOPPED: ibuprofen (creatinine 1.9 mg/dl, K 5.6 mmol/l)`,
    labels: ["drug", "dosage", "symptom", "lab test", "measurement value"],
  },
  {
    name: "Abstract, molecular biology",
    text: `The BRAF p.V600E mutation is found in about half of all cutaneous melanomas, but most tumours become resistant to BRAF inhibitors within a year. We treated A375 and SK-MEL-28 cells with increasing doses of vemurafenib. Resistant clones had lost PTEN and showed raised phosphorylation of AKT1, whereas ERK1/2 signalling stayed suppressed. Knockdown of PTEN by siRNA was sufficient for resistance in parental A375 cells, and the PI3K inhibitor buparlisib reversed it.`,
    labels: ["disease", "gene or protein", "cell line", "drug", "genetic variant"],
  },
  {
    name: "Message with emoji",
    text: `😷 Hi Dr. Müller – the café-au-lait spots are still there 🩺, and since Monday I have had a fever of 38.9 °C and a sore throat 🤒. I took ibuprofen 400 mg twice. Is it safe with my lisinopril? 🙏`,
    labels: ["symptom", "drug", "dosage", "measurement value", "person name"],
  },
];
