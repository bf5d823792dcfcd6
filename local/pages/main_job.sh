field() { python3 -c 'import json,sys; v=json.load(sys.stdin)
for k in sys.argv[1].split("."): v=v[int(k)] if k.isdigit() else v[k]
print(v)' "$1"; }

# 1. Log in
TOKEN=$(curl -s $API/v1/auth/login -H 'Content-Type: application/json' \
  -d '{"email": "$EMAIL", "password": "$PASSWORD"}' | field access_token)
auth="Authorization: Bearer $TOKEN"
curl -s $API/v1/account -H "$auth"

# 2. Add a card: the number goes to Stripe and never to us
SETUP=$(curl -s -X POST $API/v1/cards/setup -H "$auth")
curl -s "$STRIPE/v1/setup_intents/$(echo "$SETUP" | field setup_intent)/confirm" -u $PK: \
  -d "client_secret=$(echo "$SETUP" | field client_secret)" -d payment_method=pm_card_amex > /dev/null
CARD=$(curl -s $API/v1/cards -H "$auth" -H 'Content-Type: application/json' \
  -d "{\"setup_intent\": \"$(echo "$SETUP" | field setup_intent)\"}" | field card_id)

# 3. See what is due
INVOICE=$(curl -s "$API/v1/invoices?status=open" -H "$auth")
echo "$INVOICE" | field data.0.amount_due

# 4. Pay it: the security code goes to Stripe as well, and comes back as a token
CVC=$(curl -s $STRIPE/v1/tokens -u $PK: -d 'cvc_update[cvc]=1234' | field id)
curl -s "$API/v1/invoices/$(echo "$INVOICE" | field data.0.invoice_id)/payments" -H "$auth" \
  -H 'Content-Type: application/json' -H "Idempotency-Key: $(date +%s)-$RANDOM" \
  -d "{\"amount\": $(echo "$INVOICE" | field data.0.amount_due.amount),
       \"currency\": \"$(echo "$INVOICE" | field data.0.amount_due.currency)\",
       \"source\": {\"card_id\": \"$CARD\", \"cvc_token\": \"$CVC\"}}"
